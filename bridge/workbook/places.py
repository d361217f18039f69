# SPDX-License-Identifier: Apache-2.0
"""Finds the line of a place in YAML, such as ``listeners[0].events``.

It is looked for when it is asked for: most documents are right, and to note the paths of
all their values takes far more memory than the document.
"""

import re
from collections.abc import Iterator
from typing import Final

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_INDEX: Final = re.compile(r"\[(\d{1,9})\]")

_Found = tuple[str, int | None]


def line_of(node: Node) -> int:
    """Return the line that a node begins on."""
    return int(node.start_mark.line) + 1


def line_at(root: Node, path: str) -> int | None:
    """Return the line of a place; None: there is no such place."""
    left, line = _nearest(root, path, None)
    return None if left else line


def line_near(root: Node, path: str) -> int | None:
    """Return the line of a place, or of what is around it; None: nothing is."""
    return _nearest(root, path, None)[1]


def _nearest(node: Node, path: str, line: int | None) -> _Found:
    """Return what is left of a path where it leads no further, and the line there."""
    best = path, line
    if path:
        for inner, left, at in _steps(node, path):
            best = min(best, _nearest(inner, left, at), key=_length_left)
    return best


def _length_left(found: _Found) -> int:
    return len(found[0])


def _steps(node: Node, path: str) -> Iterator[tuple[Node, str, int]]:
    match node:
        case SequenceNode():
            index = _INDEX.match(path)
            if index is None:  # a hook's call is told without its number
                yield from ((item, path, line_of(item)) for item in node.value)
            elif int(index[1]) < len(node.value):
                item = node.value[int(index[1])]
                yield item, path[index.end() :], line_of(item)
        case MappingNode():
            for key, value in node.value:
                left = _behind(path.removeprefix("."), key)
                if left is not None:
                    yield value, left, line_of(key)
        case _:
            return


def _behind(path: str, key: Node) -> str | None:
    if not isinstance(key, ScalarNode) or not path.startswith(key.value):
        return None
    left = path[len(key.value) :]
    return left if left[:1] in {"", ".", "["} else None
