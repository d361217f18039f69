# SPDX-License-Identifier: Apache-2.0
"""The words that an expression of CESQL is made of, each with its place."""

import re
from dataclasses import dataclass
from typing import Final

MAX_CHARACTERS: Final = 2000
"""Length of an expression."""

MAX_DEPTH: Final = 64
"""Levels of an expression, chains of operators included."""

TEXT: Final = "a text"
INTEGER: Final = "a number"
NAME: Final = "a name"
END: Final = "the end"

KEYWORDS: Final = frozenset(
    {"AND", "OR", "XOR", "NOT", "LIKE", "EXISTS", "IN", "TRUE", "FALSE"}
)

_TOKEN = re.compile(
    r"""[ \t\r\n]*(?:
      (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<word>[A-Za-z0-9_]+)
    | (?P<symbol><=|>=|<>|!=|[-+*/%=<>(),])
    )""",
    re.VERBOSE | re.DOTALL,
)
_SPACES: Final = " \t\r\n"


class Unreadable(Exception):
    """The text is no expression of CESQL.

    Attributes:
        reason: Without the place.
        position: Of the character that is wrong, counted from 1.
    """

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(f"at character {position}: {reason}")
        self.reason = reason
        self.position = position


@dataclass(frozen=True, slots=True)
class Token:
    """One word.

    Attributes:
        kind: A keyword or symbol as itself; else one of the four constants.
        value: A text without its quotes; else as it was written.
        position: Of its first character, counted from 1.
    """

    kind: str
    value: str
    position: int


def tokens_of(text: str) -> list[Token]:
    """Return the words of an expression, and its end.

    Raises:
        Unreadable: There is something else in it, or too much.
    """
    if len(text) > MAX_CHARACTERS:
        raise Unreadable(
            f"{len(text)} characters are too many; at most {MAX_CHARACTERS}",
            MAX_CHARACTERS + 1,
        )
    found: list[Token] = []
    end = len(text.rstrip(_SPACES))
    at = 0
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None:
            raise _stray(text, at)
        found.append(_token(match))
        at = match.end()
    return [*found, Token(END, "", end + 1)]


def _token(match: re.Match[str]) -> Token:
    name = match.lastgroup or ""
    value = match[name]
    position = match.start(name) + 1
    if name == "text":
        quote = value[0]
        return Token(TEXT, _unescape(value[1:-1], quote), position)
    if name == "symbol":
        return Token(value, value, position)
    if value.upper() in KEYWORDS:
        return Token(value.upper(), value, position)
    return Token(INTEGER if value.isdigit() else NAME, value, position)


def _unescape(inner: str, quote: str) -> str:
    # Backslashes before anything else stay: LIKE has a meaning for them.
    return re.sub(
        r"\\(.)",
        lambda pair: pair[1] if pair[1] == quote else pair[0],
        inner,
        flags=re.DOTALL,
    )


def _stray(text: str, at: int) -> Unreadable:
    while text[at] in _SPACES:
        at += 1
    if text[at] in "'\"":
        return Unreadable("this quote is never closed", at + 1)
    return Unreadable(f"unexpected {text[at]!a}", at + 1)
