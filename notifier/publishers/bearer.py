# SPDX-License-Identifier: Apache-2.0
"""Shows a bridge the token that it wants, in requests' own way."""

import requests
from requests.auth import AuthBase


class Bearer(AuthBase):
    """``Authorization: Bearer …``; as `auth`, since a netrc file goes before headers."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Add the header to a request."""
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request
