# SPDX-License-Identifier: Apache-2.0
"""YAML as plain values, bounded in size, and the line that each of them stands on.

Only what JSON has is made of it: no tag makes an object. Aliases are counted as often
as they are used, before any of them is followed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bridge.errors import Invalid

MAX_CHARACTERS: Final = 256 * 1024
MAX_VALUES: Final = 50_000
"""Values in the whole document, what aliases repeat included."""

MAX_DEPTH: Final = 32

WHOLE: Final = "workbook"
"""What errors name where no single field is at fault."""

_INDEX: Final = re.compile(r"\[\d+\]")
_MERGE: Final = "tag:yaml.org,2002:merge"


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a text holds.

    Attributes:
        lines: Path of each value, such as ``listeners[0].events``, to its line.
    """

    value: Any
    lines: Mapping[str, int] = field(repr=False)

    def located(self, err: Invalid) -> Invalid:
        """Return an error that also says on which line, as far as that is known."""
        path = err.field
        while path:
            line = self.lines.get(path) or self.lines.get(_INDEX.sub("", path))
            if line is not None:
                return Invalid(err.field, f"line {line}: {err.reason}")
            path = re.sub(r"(^|\.)[^.]*$", "", path)
        return err


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
        _check_size(_Sizes().of(root, 0))
        lines: dict[str, int] = {}
        for path, line in _places(root, ""):
            lines.setdefault(path, line)
            lines.setdefault(_INDEX.sub("", path), line)
        return Parsed(loader.construct_document(root), lines)
    finally:
        loader.dispose()


class _Sizes:
    """Counts the values below each node, once; refuses depth, circles and repeats."""

    def __init__(self) -> None:
        self._known: dict[int, int] = {}
        self._open: set[int] = set()

    def of(self, node: Node, depth: int) -> int:
        if id(node) in self._known:
            return self._known[id(node)]
        if id(node) in self._open:
            raise Invalid(WHOLE, f"line {_line(node)}: holds itself, by an alias")
        if depth > MAX_DEPTH:
            raise Invalid(
                WHOLE, f"line {_line(node)}: is nested over {MAX_DEPTH} levels deep"
            )
        self._open.add(id(node))
        size = 1
        for part in _parts(node):
            size += self.of(part, depth + 1)
        self._open.remove(id(node))
        self._known[id(node)] = size
        return size


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
            raise Invalid(WHOLE, f"line {_line(key)}: a name must be a text")
        if key.value in seen and key.tag != _MERGE:
            lines = f"lines {seen[key.value]} and {_line(key)}"
            raise Invalid(WHOLE, f"{lines}: {key.value!r} is there twice")
        seen[key.value] = _line(key)


def _check_size(size: int) -> None:
    if size > MAX_VALUES:
        raise Invalid(WHOLE, f"holds over {MAX_VALUES} values, aliases included")


def _places(node: Node, path: str) -> Iterator[tuple[str, int]]:
    yield path, _line(node)
    match node:
        case SequenceNode():
            for index, item in enumerate(node.value):
                yield from _places(item, f"{path}[{index}]")
        case MappingNode():
            for key, value in node.value:
                if isinstance(key, ScalarNode):
                    inner = f"{path}.{key.value}" if path else key.value
                    yield inner, _line(key)
                    yield from _places(value, inner)
        case _:
            return


def _line(node: Node) -> int:
    return int(node.start_mark.line) + 1


def _told(err: yaml.MarkedYAMLError, text: str) -> str:
    problem = err.problem or "is no YAML"
    mark = err.problem_mark or err.context_mark
    if mark is None:
        return problem
    lines = text.splitlines()[mark.line : mark.line + 1]
    if problem.startswith("expected") and any("{$." in line for line in lines):
        problem = "put a value that holds {$.…} in quotes"
    return f"line {mark.line + 1}: {problem}"
