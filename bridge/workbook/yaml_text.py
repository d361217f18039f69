# SPDX-License-Identifier: Apache-2.0
"""YAML as plain values, bounded in size, with the lines that errors are on.

Only what JSON has is made of it: no tag makes an object. Aliases are counted as often
as they are used, before any of them is followed.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bridge.errors import Invalid
from bridge.workbook.places import line_near, line_of

MAX_CHARACTERS: Final = 256 * 1024
MAX_VALUES: Final = 50_000
"""Values in the whole document, what aliases repeat included."""

MAX_DEPTH: Final = 32

WHOLE: Final = "workbook"
"""What errors name where no single field is at fault."""

_MERGE: Final = "tag:yaml.org,2002:merge"


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a text holds.

    Attributes:
        root: The YAML that it was read from; None: it was none.
    """

    value: Any
    root: Node | None = field(default=None, repr=False)

    def located(self, err: Invalid) -> Invalid:
        """Return an error that also says on which line, as far as that is known."""
        line = None if self.root is None else line_near(self.root, err.field)
        return err if line is None else Invalid(err.field, f"line {line}: {err.reason}")


def parse(text: str) -> Parsed:
    """Return what a YAML document holds.

    Takes up to two seconds for the longest.

    Raises:
        Invalid: It is none, or breaks a limit; says where.
    """
    if len(text) > MAX_CHARACTERS:
        raise Invalid(WHOLE, f"has {len(text)} characters; at most {MAX_CHARACTERS}")
    try:
        return _parse(text)
    except yaml.MarkedYAMLError as err:
        raise Invalid(WHOLE, _told(err, text)) from err
    except yaml.YAMLError as err:
        raise Invalid(WHOLE, "is no YAML: it holds characters of no text") from err
    except RecursionError as err:
        raise Invalid(WHOLE, f"is nested over {MAX_DEPTH} levels deep") from err
    except ValueError as err:  # such as a date with a 13th month
        raise Invalid(WHOLE, f"holds a value that is none: {err}") from err


def _parse(text: str) -> Parsed:
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            raise Invalid(WHOLE, "is empty")
        size, _ = _Sizes().of(root, 0)
        if size > MAX_VALUES:
            raise Invalid(WHOLE, f"holds over {MAX_VALUES} values, aliases included")
        return Parsed(loader.construct_document(root), root)
    finally:
        loader.dispose()


class _Sizes:
    """Measures each node, once; refuses depth, circles and repeats."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[int, int]] = {}
        self._open: set[int] = set()

    def of(self, node: Node, depth: int) -> tuple[int, int]:
        """Return how many values a node holds, and on how many levels below it."""
        known = self._known.get(id(node))
        if depth + (0 if known is None else known[1]) > MAX_DEPTH:
            raise Invalid(
                WHOLE, f"line {line_of(node)}: is nested over {MAX_DEPTH} levels deep"
            )
        if known is None:
            known = self._known[id(node)] = self._measured(node, depth)
        return known

    def _measured(self, node: Node, depth: int) -> tuple[int, int]:
        if id(node) in self._open:
            raise Invalid(WHOLE, f"line {line_of(node)}: holds itself, by an alias")
        self._open.add(id(node))
        size, levels = 1, 0
        for part in _parts(node):
            more, below = self.of(part, depth + 1)
            size, levels = size + more, max(levels, below + 1)
        self._open.remove(id(node))
        return size, levels


def _parts(node: Node) -> Iterator[Node]:
    match node:
        case SequenceNode():
            yield from node.value
        case MappingNode():
            _check_keys(node)
            for key, value in node.value:
                yield key
                yield value
        case _:
            return


def _check_keys(node: MappingNode) -> None:
    seen: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, ScalarNode):
            raise Invalid(WHOLE, f"line {line_of(key)}: a name must be a text")
        if key.value in seen and key.tag != _MERGE:
            lines = f"lines {seen[key.value]} and {line_of(key)}"
            raise Invalid(WHOLE, f"{lines}: {key.value!r} is there twice")
        seen[key.value] = line_of(key)


def _told(err: yaml.MarkedYAMLError, text: str) -> str:
    problem = err.problem or "is no YAML"
    mark = err.problem_mark or err.context_mark
    if mark is None:
        return problem
    lines = text.splitlines()[mark.line : mark.line + 1]
    if problem.startswith("expected") and any("{$." in line for line in lines):
        problem = "put a value that holds {$.…} in quotes"
    return f"line {mark.line + 1}: {problem}"
