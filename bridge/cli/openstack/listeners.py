# SPDX-License-Identifier: Apache-2.0
"""The commands ``openstack workflow listener add|list|show|set|delete``."""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import Any, Final

from bridge.cli import drafting
from bridge.cli.credentials import note_secret
from bridge.cli.openstack.arguments import WANTED, take_listener, take_which
from bridge.cli.openstack.asking import Asks, Cell, Lists, ShowsOne, refusal
from bridge.cli.wording import bound_to, callback_of, state_of
from bridge.client import BridgeClient, ClientError

Cells = tuple[Cell | None, ...]
One = tuple[tuple[str, ...], Cells]
Table = tuple[tuple[str, ...], list[Cells]]

_HEAD: Final = ("ID", "Name", "State", "Listens To", "Events", "Callback")
_ID: Final = "lst_"


class Add(ShowsOne):
    """Register a listener for what happens to executions and tasks.

    Without --events it hears all of what it is bound to. The secret that signs what is
    sent is shown once, now.
    """

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return a parser that takes what a listener is."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--project", metavar="<project>", help="Default: default.")
        take_listener(parser)
        return parser

    def take_action(self, parsed_args: Namespace) -> One:
        """Register it, and return it with its secret."""
        with self.asking(parsed_args) as bridge:
            added = bridge.listeners.add(drafting.draft(vars(parsed_args)))
        note_secret(added)
        return _one(added)


class List(Lists):
    """List listeners, the oldest first."""

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return a parser that takes which are wanted."""
        parser = super().get_parser(prog_name)
        take_which(parser)
        return parser

    def take_action(self, parsed_args: Namespace) -> Table:
        """Return a row for each."""
        given = {name: getattr(parsed_args, name) for name in WANTED}
        with self.asking(parsed_args) as bridge:
            return _HEAD, [_row(one) for one in bridge.listeners.find(**given)]


class Show(ShowsOne):
    """Show one listener."""

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return a parser that takes which."""
        parser = super().get_parser(prog_name)
        parser.add_argument("listener", metavar="<listener>", help="Its id, or name.")
        return parser

    def take_action(self, parsed_args: Namespace) -> One:
        """Return it."""
        with self.asking(parsed_args) as bridge:
            return _one(bridge.listeners.get(_id(bridge, parsed_args.listener)))


class Set(Asks):
    """Change a listener; what is not given stays.

    An empty value takes something away: --workbook '' hears every workbook, and
    --header 'X-Team:' sends that header no more. A URL on another host needs what is
    secret once more: --header and --auth-file.
    """

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return a parser that takes which, and what it shall be."""
        parser = super().get_parser(prog_name)
        parser.add_argument("listener", metavar="<listener>", help="Its id, or name.")
        take_listener(parser)
        return parser

    def take_action(self, parsed_args: Namespace) -> None:
        """Change it."""
        with self.asking(parsed_args) as bridge:
            patch = drafting.change(vars(parsed_args))
            if not patch:
                raise refusal("nothing to change: say what; see --help")
            bridge.listeners.patch(_id(bridge, parsed_args.listener), patch)


class Delete(Asks):
    """Delete listeners; what waits for them is cancelled."""

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return a parser that takes which."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "listeners", metavar="<listener>", nargs="+", help="Their ids, or names."
        )
        return parser

    def take_action(self, parsed_args: Namespace) -> None:
        """Delete each; one that cannot be deleted keeps no other."""
        failed = 0
        with self.asking(parsed_args) as bridge:
            for named in parsed_args.listeners:
                try:
                    bridge.listeners.remove(_id(bridge, named))
                except ClientError as err:
                    failed += 1
                    self.log.error("%s: %s", named, err.detail)  # noqa: TRY400 - for people
        if failed:
            of_all = f"{failed} of {len(parsed_args.listeners)}"
            raise refusal(f"{of_all} listeners could not be deleted")


def _id(bridge: BridgeClient, named: str) -> str:
    if named.startswith(_ID):
        return named
    found = list(bridge.listeners.find(name=named, limit=2))
    match found:
        case [one]:
            return str(one["id"])
        case []:
            raise ClientError(404, f"no listener has this id or name: {named}")
        case _:
            raise ClientError(
                409, f"listeners of several projects are named {named}: give an id"
            )


def _row(listener: Mapping[str, Any]) -> Cells:
    return _cells(
        listener["id"],
        listener["name"],
        state_of(listener),
        bound_to(listener),
        listener["events"],
        callback_of(listener),
    )


def _one(listener: Mapping[str, Any]) -> One:
    names, values = zip(*_members(listener), strict=True)
    return names, _cells(*values)


def _members(listener: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name, value in listener.items():
        if isinstance(value, Mapping):
            for inner, one in value.items():
                yield f"{name}_{inner}", one
        else:
            yield name, value


def _cells(*values: object) -> Cells:
    return tuple(None if one is None else Cell(one) for one in values)
