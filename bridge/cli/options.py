# SPDX-License-Identifier: Apache-2.0
"""What can be said of a listener on a command line, whichever command line it is.

`bridge.cli.adding` makes these options click's, `bridge.cli.openstack` argparse's, and
`bridge.cli.drafting` reads what was given by their names.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    Attributes:
        flag: As it is typed.
        name: Under which it is read.
        metavar: Stands for its value; None: the flag's own word.
        choices: All that it takes, upper or lower case; none: anything.
        kind: What its value is read as.
        is_repeated: It may be given several times; all of them count.
    """

    flag: str
    name: str
    help: str
    metavar: str | None = None
    choices: tuple[str, ...] = ()
    kind: type[str | int | float] = str
    is_repeated: bool = False


BOUNDS: Final = (
    Option("--workbook", "workbook", "Bound to this workbook; may hold *."),
    Option("--workflow", "workflow", "Bound to this workflow; may hold *."),
    Option("--execution", "execution_id", "Bound to this execution, by its id."),
    Option("--task", "task", "Bound to this task: an id, or a name that may hold *."),
)
"""What it listens to."""

DESCRIBING: Final = (
    Option(
        "--events",
        "events",
        "Which: EXECUTION, TASK, on-task-error, task.failed, task.*, …",
        metavar="NAME[,NAME...]",
        is_repeated=True,
    ),
    Option("--name", "name", "Unique within its project."),
    Option("--description", "description", "For people."),
    Option("--when", "when", "Condition in YAQL over the event's data."),
    Option(
        "--filter",
        "filters",
        "Over the event's attributes: CloudEvents SQL such as \"workbook = 'orders'\", "
        "or a filter of another dialect in JSON. All have to let it pass.",
        metavar="FILTER",
        is_repeated=True,
    ),
    Option(
        "--filter-json",
        "filter_file",
        "Holds a filter, or a list of them, in JSON; - is standard input.",
        metavar="FILE",
    ),
    Option(
        "--method",
        "method",
        "Of the webhook.",
        choices=("POST", "PUT", "PATCH"),
    ),
    Option(
        "--header",
        "headers",
        "Sent along. May be given several times.",
        metavar="'NAME: VALUE'",
        is_repeated=True,
    ),
    Option(
        "--auth-file",
        "auth_file",
        "How to sign in there: JSON, or a client certificate and its key in PEM; - is "
        "standard input.",
        metavar="FILE",
    ),
    Option(
        "--secret-file",
        "secret_file",
        "Holds the secret, whsec_..., that signs what is sent. Default: one is made.",
        metavar="FILE",
    ),
    Option(
        "--signing",
        "signing",
        "By HMAC (v1), by Ed25519 with a public key (v1a), or both. Default: v1.",
        choices=("v1", "v1a", "both"),
    ),
    Option("--exchange", "exchange", "Of a callback of type amqp."),
    Option("--routing-key", "routing_key", "Of a callback of type amqp."),
    Option(
        "--timeout", "timeout_seconds", "Of one attempt.", metavar="SECONDS", kind=float
    ),
    Option(
        "--mode",
        "mode",
        "With call, an engine may wait for the answer. Default: cast.",
        choices=("cast", "call"),
    ),
    Option(
        "--on-timeout",
        "on_timeout",
        "What silence counts as, with --mode call. Default: accept.",
        choices=("accept", "refuse"),
    ),
    Option(
        "--batch",
        "batch_events",
        "Tell up to so many events together, 1 to 1000; 0, each by itself, is the "
        "default.",
        metavar="EVENTS",
        kind=int,
    ),
    Option(
        "--batch-wait",
        "batch_wait_ms",
        "With --batch: so long an event waits for others. Default: 50.",
        metavar="MILLISECONDS",
        kind=int,
    ),
    Option("--max-in-flight", "max_in_flight", "Attempts at the same time.", kind=int),
    Option(
        "--rate",
        "rate_per_second",
        "Attempts that begin in a second at most; 0, any number, is the default.",
        metavar="PER_SECOND",
        kind=float,
    ),
)
"""Which events, and how it is told."""
