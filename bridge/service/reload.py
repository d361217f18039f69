# SPDX-License-Identifier: Apache-2.0
"""Which changes of settings a running bridge takes over, and which need a restart."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from bridge.settings import Settings, list_opts

_FOLLOWED: Final[Mapping[str, frozenset[str]]] = {
    "callbacks": frozenset(
        {"allow_addresses", "allow_loopback", "https_only", "amqp_exchanges"}
    ),
    "delivery": frozenset({"grace", "park_after", "wait", "disable_after"}),
    "log": frozenset({"level", "format"}),
}


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be done about changed settings.

    Attributes:
        settings: To run with from now on.
        taken: Names of those that differ now, ``[section] name``.
        left: Names of those that would differ after a restart.
    """

    settings: Settings
    taken: tuple[str, ...]
    left: tuple[str, ...]


def change(running: Settings, wanted: Settings) -> Change:
    """Tell what becomes of wanted settings while a bridge runs with others."""
    taken: dict[str, dict[str, Any]] = {}
    names: list[str] = []
    left: list[str] = []
    for section, field in _differences(running, wanted):
        name = f"[{section}] {_option(section, field)}"
        if field in _FOLLOWED.get(section, ()):
            value = getattr(getattr(wanted, section), field)
            taken.setdefault(section, {})[field] = value
            names.append(name)
        else:
            left.append(name)
    sections = {
        section: replace(getattr(running, section), **values)
        for section, values in taken.items()
    }
    return Change(replace(running, **sections), tuple(names), tuple(left))


def _differences(running: Settings, wanted: Settings) -> Iterator[tuple[str, str]]:
    for section in fields(running):
        now, then = getattr(running, section.name), getattr(wanted, section.name)
        for field in fields(now):
            if getattr(now, field.name) != getattr(then, field.name):
                yield section.name, field.name


def _option(section: str, field: str) -> str:
    """Return an option by its value's name: ``park_after`` is ``park_after_ms``."""
    names = (option.name for option in dict(list_opts())[section])
    return min((name for name in names if name.startswith(field)), key=len)
