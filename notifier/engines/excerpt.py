# SPDX-License-Identifier: Apache-2.0
"""What of a task's error and result is told: small, in UTF-8, without passwords.

Every adapter passes both through here, since an engine's texts and values are anything
at all, and an event that holds what JSON cannot is lost.
"""

import re
from typing import Any, Final

from notifier.wire.body import decode_json, encode_json

MAX_RESULT_BYTES: Final = 16 * 1024
MAX_ERROR_CHARS: Final = 4096

# Of a URL with user and password, as errors like to quote it.
_PASSWORD: Final = re.compile(r"(://[^\s/:@]{0,255}:)[^\s/]{1,255}@")
_MAX_LOOKED_AT: Final = 2 * MAX_ERROR_CHARS


def error_text(text: str) -> str:
    """Return an error's text as it may be told: at most 4096 characters of UTF-8.

    Example:
        >>> error_text("no answer from amqp://me:secret@broker/")
        'no answer from amqp://me:***@broker/'
    """
    # A password is told from its "@", which may stand behind the cut.
    shown = _PASSWORD.sub(r"\1***@", text[:_MAX_LOOKED_AT])
    if len(shown) > MAX_ERROR_CHARS:
        shown = f"{shown[:MAX_ERROR_CHARS]}…"
    return shown.encode("utf-8", "replace").decode()


def exception_text(error: BaseException) -> str:
    """Return an exception's kind and what it says.

    Example:
        >>> exception_text(ValueError("card declined"))
        'ValueError: card declined'
    """
    kind = type(error).__name__
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - a task's author's own class runs here
        said = ""
    return error_text(f"{kind}: {said}" if said else kind)


def result_members(value: object) -> dict[str, Any]:
    """Return a result as members of ``data.task``: JSON of at most 16 KiB.

    Example:
        >>> result_members(7), result_members(object())
        ({'result': 7}, {'result_omitted': 'cannot be written as JSON'})
    """
    try:
        body = encode_json("result", value)
        if len(body) > MAX_RESULT_BYTES:
            return {"result_omitted": f"{len(body)} bytes; at most {MAX_RESULT_BYTES}"}
        return {"result": decode_json(body)}
    except Exception:  # noqa: BLE001 - a task's author's own classes run here
        return {"result_omitted": "cannot be written as JSON"}
