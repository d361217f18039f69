# SPDX-License-Identifier: Apache-2.0
"""Takes in that somebody waits for answers, and writes the reply.

Who publishes an event may name any queue: the bridge replies to queues of replies alone,
so that nobody can have it write elsewhere.
"""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final

from bridge.model import Question
from notifier import wire
from notifier.topology import REPLY_PREFIXES
from notifier.verdict import Answer
from notifier.wire.call import encode_reply, question_of

MAX_WAY: Final = timedelta(seconds=0.2)
"""So much of the time is kept for the way of the reply, or a tenth."""

Reply = Callable[[wire.Question, bytes], None]
"""Brings a reply's body to who asked; on the event loop, never blocks, never raises."""

_log = logging.getLogger(__name__)


def taken(
    properties: Mapping[str, Any], headers: Mapping[str, Any], reply: Reply
) -> Question | None:
    """Return what a message asks; None: nobody waits, or not where a reply may go.

    Args:
        properties: By py-amqp's names.
        headers: Of the message.
        reply: Brings the reply.
    """
    asked = question_of(properties, headers)
    if asked is None:
        return None
    if not asked.reply_to.startswith(REPLY_PREFIXES):
        _log.warning(
            "nobody is answered there", extra={"reply_to": asked.reply_to[:255]}
        )
        return None
    seconds = (asked.within - min(asked.within / 10, MAX_WAY)).total_seconds()
    return Question(time.monotonic() + seconds, partial(_answer, asked, reply))


def _answer(asked: wire.Question, reply: Reply, answers: Sequence[Answer]) -> None:
    reply(asked, encode_reply(answers))
