# SPDX-License-Identifier: Apache-2.0
"""What the commands are made of: osc-lib's kinds of commands, which find the bridge.

Nobody signs in where it is known without the service catalog, and a token goes only to
a bridge of that catalog, or where the user says so.
"""

import os
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import requests

from bridge.cli.credentials import bridge_token
from bridge.cli.openstack.place import SERVICE_TYPE, known_url
from bridge.cli.showing import in_words
from bridge.client import BridgeClient, ClientError, NoAnswer
from bridge.errors import Invalid

try:
    from cliff.columns import FormattableColumn
    from osc_lib.command import command
    from osc_lib.exceptions import CommandError
except ImportError as err:  # pragma: no cover - the tests have it installed
    raise ImportError("install workflow-notifier[openstackclient]") from err


class Cell(FormattableColumn):  # type: ignore[type-arg] # older cliff takes none
    """A value: in words for people, as the API has it for programs."""

    def human_readable(self) -> str:
        """Return it in words."""
        return in_words(self._value)


class Asks(command.Command):
    """A command that asks a bridge."""

    # osc-lib signs in before a command that does not say so
    auth_required = False

    def get_parser(self, prog_name: str) -> ArgumentParser:
        """Return a parser that takes where the bridge is."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "--bridge",
            metavar="<url>",
            default=os.environ.get("BRIDGE_URL"),
            help="Where the bridge's API is (Env: BRIDGE_URL). Default: the service "
            f"{SERVICE_TYPE} of the catalog; without a cloud, this machine's.",
        )
        parser.add_argument(
            "--token-file",
            metavar="<file>",
            help="Holds a token of the bridge's own (notifier-bridge token-create). "
            "Default: NOTIFIER_BRIDGE_TOKEN in the environment.",
        )
        parser.add_argument(
            "--send-token",
            action="store_true",
            help="Sign in and send the token, as a bridge from the service catalog is "
            "sent it anyway.",
        )
        return parser

    @contextmanager
    def asking(self, given: Namespace) -> Iterator[BridgeClient]:
        """Give a client; what goes wrong inside ends the command with status 1."""
        session = requests.Session()
        try:
            url, token = self._find(given, session)
            with BridgeClient(url, session=session, token=token) as bridge:
                yield bridge
        except NoAnswer as err:
            hint = "say where one is with --bridge or BRIDGE_URL"
            raise CommandError(f"{err}; {hint}") from err
        except ClientError as err:
            raise CommandError(err.detail) from err
        except Invalid as err:
            raise CommandError(str(err)) from err

    def _find(
        self, given: Namespace, session: requests.Session
    ) -> tuple[str, str | None]:
        manager = self.app.client_manager
        session.verify, session.cert = manager.verify, manager.cert
        url = known_url(given.bridge, manager.get_configuration())
        if url is None or given.send_token:
            self.auth_required = True
            self.app.prepare_to_run_command(self)
            session.headers.update(self._token())
            return self._in_catalog() if url is None else url, None
        return url, bridge_token(given.token_file)

    def _token(self) -> Mapping[str, str]:
        headers = self.app.client_manager.session.get_auth_headers()
        if not headers:
            raise CommandError("there is no token to send: sign in to a cloud")
        return headers

    def _in_catalog(self) -> str:
        manager = self.app.client_manager
        region, interface = manager.region_name, manager.interface
        if not manager.is_service_available(SERVICE_TYPE, region, interface):
            raise CommandError(
                f"the service catalog has no {SERVICE_TYPE}: say where the bridge is "
                "with --bridge or BRIDGE_URL"
            )
        return str(
            manager.get_endpoint_for_service_type(SERVICE_TYPE, region, interface)
        )


class ShowsOne(Asks, command.ShowOne):
    """A command that shows one thing."""


class Lists(Asks, command.Lister):
    """A command that shows a table."""


def refusal(reason: str) -> Exception:
    """Return what ends a command with a reason, and status 1."""
    return CommandError(reason)
