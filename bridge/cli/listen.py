# SPDX-License-Identifier: Apache-2.0
"""``listen``: a local receiver that prints and verifies what arrives."""

import errno
import json
import signal
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.text import Text

from bridge import keyring
from bridge.receiver import Received, Receiver
from bridge.verify import scheme_of

Show = Callable[[Received], None]


@click.command(short_help="Print and verify the webhooks that arrive here.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=9000,
    show_default=True,
    help="0: a free one.",
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--secret",
    metavar="whsec_...",
    envvar="WEBHOOK_SECRET",
    show_envvar=True,
    help="Verify with this one only. Default: those of listeners that were added on "
    "this machine.",
)
@click.option(
    "--secrets-file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where listener-add notes them.  [default: below ~/.local/state]",
)
@click.option(
    "--status",
    type=click.IntRange(200, 599),
    default=200,
    show_default=True,
    help="What to answer with.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["human", "json"]),
    default="human",
    show_default=True,
)
def listen(
    *,
    port: int,
    host: str,
    secret: str | None,
    secrets_file: Path | None,
    status: int,
    form: str,
) -> None:
    """Print and verify the webhooks that arrive here, on any path."""
    if secret is not None:
        _check_secret(secret)
    show = _show_json if form == "json" else partial(_show, Console(highlight=False))
    lock = threading.Lock()

    def secrets(path: str) -> Iterable[str]:
        if secret is not None:
            return (secret,)
        # Read each time: a listener may have been added since.
        return keyring.recall(receiver.port, path, secrets_file)

    def on_delivery(received: Received) -> None:
        with lock:
            show(received)

    receiver = Receiver(
        host, port, secret=secrets, on_delivery=on_delivery, answer=lambda _: status
    )
    try:
        with receiver:
            _wait(lambda: click.echo(_greeting(receiver), err=form == "json"))
    except OSError as err:
        raise click.ClickException(_advice(err, host, port)) from err


def _check_secret(secret: str) -> None:
    try:
        scheme_of(secret)
    except ValueError as err:
        raise click.BadParameter(str(err), param_hint="--secret") from err


def _wait(greet: Callable[[], None]) -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    greet()
    ended.wait()


def _greeting(receiver: Receiver) -> str:
    return f"listening on {receiver.url} (any path); Ctrl-C ends"


def _advice(err: OSError, host: str, port: int) -> str:
    if err.errno == errno.EADDRINUSE:
        return f"port {port} is in use; choose another with --port"
    return f"cannot listen on {host}, port {port}: {err.strerror or err}"


def _show_json(received: Received) -> None:
    line = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "path": received.path,
        "headers": received.headers,
        "body": _payload(received.body),
        "verified": received.verified,
        "reason": received.reason,
    }
    click.echo(json.dumps(line))


def _show(console: Console, received: Received) -> None:
    what = [received.headers.get(name, "") for name in ("ce-type", "ce-subject")]
    now = f"{datetime.now().astimezone():%H:%M:%S}"
    words = (now, received.path, *what)
    head = Text("  ".join(_printable(word) for word in words if word) + "  ")
    head.append(*_verdict(received))
    payload = json.dumps(_payload(received.body), indent=2, ensure_ascii=False)
    text = Text("\n".join(f"  {_printable(line)}" for line in payload.split("\n")))
    # Wrapped by the terminal: a line that is copied or piped stays one.
    console.print(head, JSONHighlighter()(text), sep="\n", soft_wrap=True)


def _verdict(received: Received) -> tuple[str, str]:
    if received.verified:
        return "verified", "bold green"
    if received.verified is not None:
        return f"NOT verified: {received.reason}", "bold red"
    if "webhook-signature" in received.headers:
        return "signed (give --secret to verify)", "yellow"
    return "not signed", "yellow"


def _payload(body: bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode(errors="replace")


def _printable(text: str) -> str:
    """Show what a sender wrote, and let none of it steer the terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
