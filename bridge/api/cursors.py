# SPDX-License-Identifier: Apache-2.0
"""Where a page of a list that is sorted by time ends, as a text."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Final

from bridge.errors import Invalid

_NO_CURSOR: Final = "is no `next` of this list"


def cursor_of(at: datetime, key: str) -> str:
    """Return the cursor of the page behind something of that time and id."""
    text = f"{at.isoformat()} {key}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, str]:
    """Return what `cursor_of` wrote.

    Raises:
        Invalid: It did not write this.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        text = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
        if not text.isprintable():  # NUL fits no column of PostgreSQL's
            raise Invalid("after", _NO_CURSOR)
        at, key = text.split(" ")
        return datetime.fromisoformat(at).astimezone(UTC), key
    except (binascii.Error, ValueError, OverflowError) as err:
        raise Invalid("after", _NO_CURSOR) from err
