# SPDX-License-Identifier: Apache-2.0
"""How connections of py-amqp fail, told in one line."""

import struct
from typing import Final

import amqp

FAILURES: Final = (
    OSError,
    amqp.AMQPError,
    # On a dying connection py-amqp raises whatever comes.
    *(AttributeError, LookupError, TypeError, ValueError, struct.error),
)
"""What a connection of py-amqp may fail with; nothing that the caller's code raises."""


def describe(err: Exception) -> str:
    """Return an error of socket or broker in one line."""
    said = str(err)
    if isinstance(err, amqp.AMQPError) and err.reply_text:
        said = err.reply_text
    elif isinstance(err, OSError) and err.strerror:
        said = err.strerror
    return said or "no answer"
