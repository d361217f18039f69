# SPDX-License-Identifier: Apache-2.0
"""Chooses how people sign in to the API and the page, as the settings say."""

from collections.abc import Callable
from datetime import datetime
from typing import Final, assert_never

from bridge.api.admission import Admission
from bridge.api.signing_in import SignIn
from bridge.service.keystone import keystone_sign_in
from bridge.settings import ApiSettings
from bridge.store.tokens import TokenStore

HOW: Final = {
    "token": "sign-in: by token (notifier-bridge token-create)",
    "keystone": "sign-in: by token of Keystone",
}
"""What is said of it at the start."""


def sign_in(
    api: ApiSettings, tokens: TokenStore, now: Callable[[], datetime]
) -> Admission | None:
    """Return who knows those who show a token; None: nobody has to.

    Raises:
        SettingsError: What Keystone needs is missing or wrong.
    """
    match api.auth:
        case "none":
            return None
        case "token":
            return SignIn(tokens, now)
        case "keystone":
            return keystone_sign_in(api.keystone_file)
        case other:
            assert_never(other)
