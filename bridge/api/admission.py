# SPDX-License-Identifier: Apache-2.0
"""The seam behind which whoever asks the API is told apart."""

from collections.abc import Mapping
from typing import Protocol

from bridge.api.refusal import Refusal
from bridge.model import Access, TokenId


class Admission(Protocol):
    """Knows whose a token is; on the event loop."""

    async def admit(self, headers: Mapping[str, str], address: str) -> Access | Refusal:
        """Return what whoever asks may do, or why they are turned away.

        Args:
            headers: By names in lower case.
            address: That the request came from.

        Raises:
            StoreError: The database did not answer.
        """

    async def of_token(self, token_id: TokenId) -> Access | None:
        """Return what who has shown a token before may do now; None: nothing.

        Raises:
            BridgeError: Nobody can tell.
        """

    async def is_still_in(self, access: Access) -> bool:
        """Tell whether somebody who was let in would be now.

        While nobody can tell, they would.
        """
