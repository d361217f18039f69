# SPDX-License-Identifier: Apache-2.0
"""The little that tests ask of RabbitMQ's management API."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import requests

_TIMEOUT_SECONDS: Final = 10


class Management:
    """The management API of one broker; `base_url` ends in its port."""

    def __init__(self, base_url: str, user: str, password: str) -> None:
        self.base_url = base_url
        self._auth = (user, password)

    def is_reachable(self) -> bool:
        """Tell whether it answers, and takes our credentials."""
        try:
            self.get("/api/whoami")
        except requests.RequestException:
            return False
        return True

    def add_vhost(self, name: str) -> None:
        """Create a virtual host; who creates it has all permissions in it."""
        self._call("PUT", f"/api/vhosts/{quote(name, safe='')}")

    def drop_vhost(self, name: str) -> None:
        """Delete a virtual host with all that is in it."""
        self._call("DELETE", f"/api/vhosts/{quote(name, safe='')}")

    def add_user(
        self,
        name: str,
        password: str,
        vhost: str,
        *,
        configure: str = "",
        write: str = ".*",
        read: str = ".*",
    ) -> None:
        """Create a user, who may do in one virtual host what the patterns say."""
        self.put(f"/api/users/{quote(name)}", {"password": password, "tags": ""})
        may = {"configure": configure, "write": write, "read": read}
        self.put(f"/api/permissions/{quote(vhost, safe='')}/{quote(name)}", may)

    def drop_user(self, name: str) -> None:
        """Delete a user."""
        self._call("DELETE", f"/api/users/{quote(name)}")

    def get(self, path: str) -> Any:
        """Return what stands under a path such as ``/api/queues``."""
        return self._call("GET", path).json()

    def put(self, path: str, body: Mapping[str, Any]) -> None:
        """Set what stands under a path."""
        self._call("PUT", path, body)

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> requests.Response:
        answer = requests.request(
            method,
            self.base_url + path,
            json=body,
            auth=self._auth,
            timeout=_TIMEOUT_SECONDS,
        )
        answer.raise_for_status()
        return answer
