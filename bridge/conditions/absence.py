# SPDX-License-Identifier: Apache-2.0
"""What it means to ask for what is not there: the same for the engine and compiled code.

An absent member is neither `= null` nor `!= null`: asking for it ends the condition.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from bridge.conditions.verdict import Judgement, Verdict


class Missing(Exception):
    """The data has no such member.

    Attributes:
        what: The member, or the method that null does not have.
        why: What is wrong with it.
    """

    def __init__(self, what: object, why: str) -> None:
        super().__init__()
        self.what = what
        self.why = why

    def judgement(self, text: str) -> Judgement:
        """Return the verdict on the condition of this text."""
        return Judgement(Verdict.MISSING, f"{quote(text, self.what)} {self.why}")


def member(mapping: Mapping[Any, Any], key: object) -> Any:  # noqa: ANN401 - of JSON
    """Return a member of an object.

    Raises:
        Missing: It has none of that name.
    """
    try:
        return mapping[key]
    except KeyError:
        raise Missing(key, "is absent") from None


def item(items: Sequence[Any], index: int) -> Any:  # noqa: ANN401 - of JSON
    """Return an item of a list.

    Raises:
        Missing: The list is shorter.
    """
    try:
        return items[index]
    except IndexError:
        raise Missing(index, "is beyond the list's end") from None


def of_null(_: None, what: object) -> NoReturn:
    """Refuse to look into null.

    Raises:
        Missing: Always.
    """
    raise Missing(what, "is asked of null")


def quote(text: str, what: object) -> str:
    """Quote a name only where the condition itself holds it; it may be of the event."""
    return f"'{what}'" if str(what) in text else "a name it computes"
