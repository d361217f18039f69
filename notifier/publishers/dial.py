# SPDX-License-Identifier: Apache-2.0
"""From a broker's URL to an open connection, in bounded time."""

import encodings.idna  # noqa: F401 - of look-ups; a fork in the middle of its import would hang the child
from collections.abc import Callable
from datetime import timedelta
from itertools import cycle
from typing import Any, Final

import amqp
from kombu.connection import Connection

from notifier.errors import Refused, SettingsError
from notifier.publishers.bounded import within
from notifier.publishers.confirms import Answers, Confirms, Lost
from notifier.publishers.failures import FAILURES, describe
from notifier.publishers.frames import CHANNEL
from notifier.publishers.unsent import Unsent
from notifier.tls import NO_FILES, Tls
from notifier.topology import DIRECT_REPLIES

LONGEST_SECONDS: Final = 10.0
"""So long may one broker take; then the next one is tried."""

# By name: kombu would take a C library for amqp:// where one is installed.
_TRANSPORTS: Final = {"amqp": "pyamqp", "amqps": "amqps"}


class Dialer:
    """Opens connections to one broker, or to one after the other of several.

    Args:
        url: ``amqp://user:password@host:port/vhost`` or ``amqps://…``; several are
            separated by ``;``.
        tls: Of ``amqps://`` URLs.
        heartbeat: What is asked of the broker; zero for none.
        prepare: Given each of py-amqp's connections before its first message.

    Raises:
        SettingsError: The URL is none of a broker.
    """

    def __init__(
        self,
        url: str,
        *,
        tls: Tls,
        heartbeat: timedelta,
        prepare: Callable[[Any], None],
    ) -> None:
        urls = url.split(";")
        self.brokers = ", ".join(client_of(one, tls).host for one in urls)
        """Host and port of each, as they may be shown."""
        self._urls = cycle(urls)
        self._tls = tls
        self._heartbeat = heartbeat
        self._prepare = prepare

    def dial(
        self,
        answers: Answers,
        seconds: float,
        on_reply: Callable[[Any], None] | None = None,
    ) -> Confirms:
        """Open a connection; blocks up to so long, name look-up and TLS included.

        Args:
            answers: Told what the broker says of messages.
            seconds: Shared by all that is done.
            on_reply: Given py-amqp's message of each reply to one of them.

        Raises:
            Lost: There is none to be had.
            Refused: The broker will not have this user, or lacks what is needed.
        """
        unsent = Unsent()
        limit = min(seconds, LONGEST_SECONDS)
        client = client_of(
            next(self._urls),
            self._tls,
            connect_timeout=limit,
            heartbeat=self._heartbeat.total_seconds(),
            transport_options={
                "frame_writer": unsent.attach,
                "client_properties": {"connection_name": "workflow-notifier"},
            },
        )

        def make() -> Confirms:
            connection = client.transport.establish_connection()
            try:
                connection.sock.settimeout(limit)
                self._prepare(connection)
                channel = connection.channel(CHANNEL)
                channel.confirm_select()
                if on_reply is not None:
                    channel.auto_decode = False  # a body is what came
                    channel.basic_consume(
                        DIRECT_REPLIES, no_ack=True, callback=on_reply
                    )
                return Confirms(connection, channel, unsent=unsent, answers=answers)
            except BaseException:
                connection.collect()
                raise

        try:
            return within(limit, make, Confirms.drop)
        except Refused:
            raise
        except (amqp.AccessRefused, amqp.NotAllowed) as err:
            raise Refused(f"{client.host}: {describe(err)}") from err
        except FAILURES as err:
            raise Lost(f"{client.host}: {describe(err)}") from err


def client_of(url: str, tls: Tls = NO_FILES, **options: Any) -> Any:  # noqa: ANN401 - kombu's types are loose
    """Return kombu's connection to one broker, not open yet.

    Args:
        url: ``amqp://user:password@host:port/vhost`` or ``amqps://…``.
        tls: Of an ``amqps://`` URL.
        **options: Of kombu's `Connection`.

    Raises:
        SettingsError: The URL is none of a broker, or none for TLS though `tls` is set.
    """
    scheme = url.partition("://")[0]
    is_tls = scheme == "amqps"
    options["port"] = 5671 if is_tls else 5672  # unless the URL says otherwise
    try:
        client = Connection(url, transport=_TRANSPORTS[scheme], ssl=is_tls, **options)
    except (KeyError, TypeError, ValueError):
        # Without its cause, which may show the password.
        raise SettingsError(
            "the broker's URL must look like amqp://user:password@host:5672/vhost"
        ) from None
    if is_tls:
        client.ssl = tls.options_for(client.hostname or "localhost")
    elif tls != NO_FILES:
        raise SettingsError("[bus] tls_… files need a URL that begins with amqps://")
    return client
