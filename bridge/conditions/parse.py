# SPDX-License-Identifier: Apache-2.0
"""Takes in a listener's condition, or says where it is wrong."""

import re
from dataclasses import dataclass
from typing import Final

from bridge.conditions.engine import (
    BinaryOperator,
    Expression,
    GetContextValue,
    KeywordConstant,
    Statement,
    Unreadable,
    read,
    walk,
)
from bridge.conditions.limits import MAX_CHARACTERS, MAX_DEPTH, MAX_DIGITS
from bridge.errors import Invalid

_HINTS: Final = (
    (r"==+", "compare with ="),
    (r"<>", "write !="),
    (r"<%", "write the expression alone, without <% %>"),
    (r"&+|(?i:and)\b", "write and"),
    (r"\|+|(?i:or)\b", "write or"),
    (r"!", "write not"),
    (r"%", "write mod"),
    (r"is\b", "compare with = or !="),
    (r"=>", "write >="),
    (r":=?", "a condition compares with = and assigns nothing"),
    (r"['\"`]", "this quote is never closed"),
    (r"\\", "there is no such escape"),
)
_WORDS: Final = {
    **dict.fromkeys(("None", "nil", "undefined", "NULL", "Null"), "null"),
    **dict.fromkeys(("True", "TRUE"), "true"),
    **dict.fromkeys(("False", "FALSE"), "false"),
}


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression that was read and found within the limits.

    Example:
        >>> parse("$.execution.error != null").text
        '$.execution.error != null'
    """

    text: str


def parse(text: str) -> Condition:
    """Return the condition that the text holds; does not evaluate it.

    Takes about 0.3 ms, the first time 0.1 s. Safe from any thread.

    Raises:
        Invalid: Of the field ``when``; says at which character, counted from 1, and
            what would be right.
    """
    _check_size(text)
    try:
        statement = read(text)
    except Unreadable as err:
        raise Invalid("when", _explain(text, err.position)) from err
    for level, node in walk(statement):
        _check_depth(level)
        _check_words(text, node)
    _check_members(text, statement)
    return Condition(text)


def _check_size(text: str) -> None:
    if not text.strip():
        raise Invalid("when", "is empty; leave it out to hear every event")
    if len(text) > MAX_CHARACTERS:
        raise Invalid("when", f"has {len(text)} characters; at most {MAX_CHARACTERS}")
    number = re.search(rf"\d{{{MAX_DIGITS + 1}}}", text)
    if number is not None:
        at = _at(number.start())
        raise Invalid("when", f"{at}: a number of over {MAX_DIGITS} digits")


def _explain(text: str, position: int | None) -> str:
    if position is None:
        return f"{_at(len(text.rstrip()))}: the expression stops here, unfinished"
    start = position
    while start and text[position] in "=<>!&|:" and text[start - 1] in "=<>!&|:":
        start -= 1
    token = re.compile(r"\w+|<%|[=<>!&|:]+|.", re.DOTALL).match(text, start)
    found = "" if token is None else token[0]
    hints = (hint for pattern, hint in _HINTS if re.fullmatch(pattern, found))
    hint = next(hints, None)
    told = f"{_at(start)}: unexpected {found!r}"
    return told if hint is None else f"{told}; {hint}"


def _check_depth(level: int) -> None:
    if level > MAX_DEPTH:
        raise Invalid(
            "when",
            f"is nested over {MAX_DEPTH} levels deep, chains of operators included; "
            "many values fit in a list: $.task.name in ['a', 'b']",
        )


def _check_words(text: str, node: Expression) -> None:
    """Refuse what yaql takes for a text but nobody means as one."""
    if not isinstance(node, BinaryOperator):
        return
    left, right = node.args
    if node.operator in {".", "?."} and isinstance(left, KeywordConstant):
        at = _at(_find(text, rf"(?<![\w.$]){left.value}\s*\??\."))
        told = f"'{left.value}' stands alone; write $.{left.value}"
        raise Invalid("when", f"{at}: {told}")
    for side in (left, right) if node.operator in {"=", "!="} else ():
        if isinstance(side, KeywordConstant) and side.value in _WORDS:
            at = _at(_find(text, rf"(?<![\w.$]){side.value}\b"))
            told = f"'{side.value}' would be a text; write {_WORDS[side.value]}"
            raise Invalid("when", f"{at}: {told}")


def _check_members(text: str, statement: Statement) -> None:
    """Refuse ``$execution``, a variable, where ``$.execution`` is meant."""
    if "=>" in text or "unpack(" in text:
        return  # these set variables
    for _, node in walk(statement):
        name = node.path.value if isinstance(node, GetContextValue) else "$"
        if name != "$" and not name[1:].isdecimal():
            at = _at(_find(text, rf"{re.escape(name)}\b"))
            raise Invalid("when", f"{at}: nothing sets '{name}'; write $.{name[1:]}")


def _find(text: str, pattern: str) -> int:
    found = re.search(pattern, text)
    return 0 if found is None else found.start()


def _at(index: int) -> str:
    return f"at character {index + 1}"
