# SPDX-License-Identifier: Apache-2.0
"""What can go wrong in the bridge, as one tree.

::

    BridgeError
    ├── Invalid             a field of what somebody sent; names the field
    ├── NotAllowed          whoever asks may not do this; names the field at fault
    ├── NotFound            no such listener, delivery or event
    ├── Conflict            a name is taken, or something else stands in the way
    │   └── OutOfDate       the caller's copy is: somebody changed it meanwhile
    ├── QuotaReached        a project has, or does, as much as it may
    ├── NoKeystone          Keystone did not say whose a token is
    ├── SettingsError       a setting is missing or wrong
    └── StoreError          the database did not do what was asked
        ├── SchemaError     its schema is older or newer than this code
        ├── KeyChanged      its secrets are sealed with another key by now
        └── Unwritable      it takes no such row, however often it is asked
"""

from datetime import timedelta


class BridgeError(Exception):
    """Something went wrong in the bridge."""


class Invalid(BridgeError):
    """What was sent is refused; nothing is stored.

    Attributes:
        field: Where the fault is, as a dotted path (``callback.url``).
        reason: What is wrong with it, and what would be right.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class NotAllowed(BridgeError):
    """Whoever asks may not do this.

    Attributes:
        field: What in the request goes too far.
        reason: What would be right.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class NotFound(BridgeError):
    """There is nothing under this id."""

    def __init__(self, what: str, key: str) -> None:
        super().__init__(f"no {what} {key}")
        self.what = what
        self.key = key


class Conflict(BridgeError):
    """A name is taken, or something else stands in the way."""


class OutOfDate(Conflict):
    """The caller's copy is out of date: somebody changed it meanwhile."""


class QuotaReached(BridgeError):
    """A project has, or does, as much as it may.

    Attributes:
        retry_after: Before then it is no use to ask again.
    """

    def __init__(self, reason: str, retry_after: timedelta) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class NoKeystone(BridgeError):
    """Keystone did not say whose a token is; try again.

    Args:
        reason: What went wrong, as far as it is known.
    """

    def __init__(self, reason: str | None = None) -> None:
        told = "Keystone does not say whose the token is; try again"
        super().__init__(told if reason is None else f"{told} ({reason})")


class SettingsError(BridgeError):
    """A setting is missing or wrong."""


class StoreError(BridgeError):
    """The database did not do what was asked."""


class SchemaError(StoreError):
    """The database's schema does not fit this code."""


class KeyChanged(StoreError):
    """The secrets in the database are sealed with another key than this bridge's."""

    def __init__(self) -> None:
        super().__init__(
            "the secrets in the database are sealed with another key by now; set "
            "[secrets] to it, and start the bridge again"
        )


class Unwritable(StoreError):
    """The database takes no such row, however often it is asked."""
