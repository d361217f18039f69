# SPDX-License-Identifier: Apache-2.0
"""Fills ``{$.Name}`` in a workbook with what was given for it.

Unquoted it is YAML for ``{"$.Name": null}``; that is taken as well.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from bridge.errors import Invalid
from bridge.shape.faults import suggestion

_VARIABLE: Final = re.compile(r"\{\s*\$\.([A-Za-z_]\w*)\s*\}")
_UNQUOTED: Final = re.compile(r"\$\.[A-Za-z_]\w*")
_CONDITION: Final = "when"

# Joined only where it has to be told: a name may be as long as all that is below it.
_Path = str | tuple["_Path", str]


def fill(value: object, given: Mapping[str, str], path: str) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """Return a value with every variable in it filled; conditions stay as they are.

    Args:
        value: Of a service or a listener.
        given: Name to value.
        path: Of the value, for errors.

    Raises:
        Invalid: Nothing was given for one; or there is a value that JSON has not.
    """
    return _fill(value, given, path)


def _fill(value: object, given: Mapping[str, str], path: _Path) -> Any:  # noqa: ANN401 - as `fill`
    match value:
        case str():
            return _filled(value, given, path)
        case {**members} if len(members) == 1 and _is_variable(members):
            (name,) = members
            return _filled(f"{{{name}}}", given, path)
        case {**members}:
            return {
                _name(name, path): one
                if name == _CONDITION
                else _fill(one, given, (path, f".{name}"))
                for name, one in members.items()
            }
        case list():
            return [_fill(o, given, (path, f"[{i}]")) for i, o in enumerate(value)]
        case bool() | int() | float() | None:
            return value
        case _:
            kind = type(value).__name__
            raise Invalid(_joined(path), f"is a {kind}; put it in quotes")


def _joined(path: _Path) -> str:
    steps = []
    while not isinstance(path, str):
        path, step = path
        steps.append(step)
    return "".join([path, *reversed(steps)])


def _filled(text: str, given: Mapping[str, str], path: _Path) -> str:
    def look_up(found: re.Match[str]) -> str:
        name = found[1]
        if name not in given:
            hint = suggestion(name, given) or f"; give it by --var {name}=…"
            told = f"nothing was given for {{$.{name}}}{hint}"
            raise Invalid(_joined(path), told)
        if _VARIABLE.search(given[name]):
            told = f"{{$.{name}}} must not be filled with another {{$.…}}"
            raise Invalid(_joined(path), told)
        return given[name]

    return _VARIABLE.sub(look_up, text)


def _is_variable(members: Mapping[Any, Any]) -> bool:
    ((name, value),) = members.items()
    return value is None and isinstance(name, str) and bool(_UNQUOTED.fullmatch(name))


def _name(name: object, path: _Path) -> str:
    if not isinstance(name, str):
        told = f"{name!r} is a name and must be a text; put it in quotes"
        raise Invalid(_joined(path), told)
    return name
