# SPDX-License-Identifier: Apache-2.0
"""``listen``: a local receiver that prints and verifies what arrives."""

import errno
import json
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click
from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.text import Text

from bridge import keyring
from bridge.cli.replying import Replying
from bridge.receiver import Received, Receiver
from bridge.verify import scheme_of

Show = Callable[[Received], None]


def _http_url(
    _ctx: click.Context, _param: click.Parameter, url: str | None
) -> str | None:
    if url is None or urlsplit(url).scheme in ("http", "https"):
        return url
    raise click.BadParameter(
        f"{url!r} is no URL of a receiver; write it as http://127.0.0.1:3000/hook"
    )


# \b keeps click from filling the lines.
_EXAMPLES: Final = """\b
Examples:
  notifier-bridge listen --port 9000
  notifier-bridge listen --status 503 --delay 2
  notifier-bridge listen --forward http://127.0.0.1:3000/hook
"""


@click.command(
    epilog=_EXAMPLES, short_help="Print and verify the webhooks that arrive here."
)
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
    help="What to answer with.  [default: 200, or what --forward's receiver answers]",
)
@click.option(
    "--delay",
    type=click.FloatRange(0, 3600),
    default=0.0,
    metavar="SECONDS",
    help="Wait so long before each answer.",
)
@click.option(
    "--forward",
    metavar="URL",
    callback=_http_url,
    help="Send what arrives on to this receiver too, and answer as it does; it gets "
    "the same headers, so that the signature holds.",
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
    status: int | None,
    delay: float,
    forward: str | None,
    form: str,
) -> None:
    """Print and verify the webhooks that arrive here, on any path."""
    if secret is not None:
        _check_secret(secret)
    show = _show_json if form == "json" else partial(_show, Console(highlight=False))
    lock = threading.Lock()
    ended = threading.Event()

    def secrets(path: str) -> Iterable[str]:
        if secret is not None:
            return (secret,)
        # Read each time: a listener may have been added since.
        return keyring.recall(receiver.port, path, secrets_file)

    def on_delivery(received: Received) -> None:
        with lock:
            show(received)

    def tell(text: str) -> None:
        with lock:
            click.echo(_printable(text), err=form == "json")

    replying = Replying(status, timedelta(seconds=delay), forward, ended, tell)
    receiver = Receiver(
        host, port, secret=secrets, on_delivery=on_delivery, answer=replying
    )
    try:
        with receiver:
            _end_by_signal(ended)
            tell(_greeting(receiver))
            ended.wait()
    except OSError as err:
        raise click.ClickException(_advice(err, host, port)) from err


def _check_secret(secret: str) -> None:
    try:
        scheme_of(secret)
    except ValueError as err:
        raise click.BadParameter(str(err), param_hint="--secret") from err


def _end_by_signal(ended: threading.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())


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
    payload = _payload(received.body)
    what = _told_in(received, payload)
    now = f"{datetime.now().astimezone():%H:%M:%S}"
    words = (now, received.path, *what)
    head = Text("  ".join(_printable(word) for word in words if word) + "  ")
    head.append(*_verdict(received))
    lines = json.dumps(payload, indent=2, ensure_ascii=False).split("\n")
    text = Text("\n".join(f"  {_printable(line)}" for line in lines))
    # Wrapped by the terminal: a line that is copied or piped stays one.
    console.print(head, JSONHighlighter()(text), sep="\n", soft_wrap=True)


def _told_in(received: Received, payload: object) -> list[str]:
    """Return in words what came: an event's type and subject, or how many of which."""
    if not isinstance(payload, list):
        return [received.headers.get(name, "") for name in ("ce-type", "ce-subject")]
    types = Counter(
        str(one.get("type")) if isinstance(one, dict) else "?" for one in payload
    )
    counts = ", ".join(f"{count} {name}" for name, count in types.items())
    return [f"batch of {len(payload)}", counts]


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
