# SPDX-License-Identifier: Apache-2.0
"""The process that evaluates conditions: ``python -m bridge.conditions.worker``.

It speaks frames over the socket that is its standard input, and ends with it. The
kernel kills it when one evaluation takes too much processor time; it is expendable.
"""

import os
import resource
import signal
import socket
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from bridge.conditions import engine
from bridge.conditions.frames import READY, Decoder, encode
from bridge.conditions.limits import CPU_LIMIT, MEMORY_LIMIT_BYTES
from bridge.conditions.verdict import Judgement, Verdict

_STANDARD_INPUT: Final = 0
_STANDARD_ERROR: Final = 2
_PIECE_BYTES: Final = 256 * 1024
_KEPT_EXPRESSIONS: Final = 512  # up to 0.3 MB each


def main() -> None:
    """Answer until the bridge closes its end of the socket."""
    _confine()
    engine.warm_up(judging=True)
    decoder = Decoder()
    with socket.socket(fileno=os.dup(_STANDARD_INPUT)) as stream:
        stream.sendall(encode(READY))
        _hush()
        while piece := stream.recv(_PIECE_BYTES):
            for request in decoder.feed(piece):
                for found in _answers(request["when"], request["data"]):
                    stream.sendall(encode([found.verdict.value, found.reason]))


def _confine() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT_BYTES, MEMORY_LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a dump would hold events


def _hush() -> None:
    """Keep events out of the service's log, whatever may break from now on."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STANDARD_ERROR)
    os.close(nowhere)


def _answers(texts: Sequence[str], data: Mapping[str, Any]) -> Iterator[Judgement]:
    frozen = engine.freeze(data)
    for text in texts:
        yield _answer(text, frozen)


def _answer(text: str, data: object) -> Judgement:
    try:
        statement = _read(text)
    except engine.Unreadable:
        return Judgement(Verdict.ERROR, "is no expression")
    # SIGPROF ends the process wherever it is, also inside a regular expression
    signal.setitimer(signal.ITIMER_PROF, CPU_LIMIT.total_seconds())
    try:
        return engine.judge(text, statement, data)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


@lru_cache(maxsize=_KEPT_EXPRESSIONS)
def _read(text: str) -> engine.Statement:
    return engine.read(text)


if __name__ == "__main__":
    main()
