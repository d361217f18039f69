# SPDX-License-Identifier: Apache-2.0
"""What holds for several bridges of one program, without starting any."""

import subprocess
import sys
from dataclasses import replace

import pytest

from bridge.errors import SettingsError
from bridge.service.place import check
from bridge.service.siblings import merged
from bridge.service.supervisor import LONGEST_PAUSE_SECONDS, pause_after
from bridge.settings import Settings

# Tells one line of those that are written many at a time, and ends.
TELLING = """
import logging, os, signal, socket
from bridge import logs
from bridge.service.supervisor import Supervisor

def work(place):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.kill(os.getppid(), signal.SIGTERM)
    logs.frequent(logging.getLogger("bridge")).tell("bridge", "told", {"n": 1})

logs.set_up("INFO", "line")
with socket.socket() as listening:
    Supervisor(1, work, listening, print).run()
"""

USUAL = Settings()
AMQP = replace(USUAL.bus, url="amqp://guest:guest@127.0.0.1/")


@pytest.mark.parametrize(
    ("settings", "need"),
    [
        (USUAL, "RabbitMQ"),
        (
            replace(
                USUAL, bus=AMQP, database=replace(USUAL.database, url="sqlite:///a")
            ),
            "PostgreSQL",
        ),
    ],
    ids=["no broker", "SQLite"],
)
def test_workers_are_refused_where_one_process_alone_may_work(settings, need):
    with pytest.raises(SettingsError, match=f"--workers needs {need}"):
        check(settings)


def test_workers_are_welcome_on_rabbitmq_and_postgresql():
    database = replace(USUAL.database, url="postgresql+psycopg://me@127.0.0.1/bridge")

    assert check(replace(USUAL, bus=AMQP, database=database)) is None


def test_one_that_dies_again_and_again_is_started_ever_more_seldom():
    assert pause_after(1) < pause_after(2) < pause_after(3)
    assert pause_after(5000) == LONGEST_PAUSE_SECONDS


def test_what_one_tells_last_is_written_before_it_ends():
    done = subprocess.run(
        [sys.executable, "-c", TELLING],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )

    assert done.stderr.endswith(" INFO bridge: told n=1\n")


def test_metrics_of_all_are_one_text_with_the_number_of_each():
    text = b'# HELP a_total A.\n# TYPE a_total counter\na_total{kind="task"} 1.0\n'
    plain = b"# HELP b B.\n# TYPE b gauge\nb 2.0\n"

    assert merged({1: plain + text, 0: text, 2: b""}).decode().splitlines() == [
        "# HELP a_total A.",
        "# TYPE a_total counter",
        'a_total{worker="0",kind="task"} 1.0',
        'a_total{worker="1",kind="task"} 1.0',
        "# HELP b B.",
        "# TYPE b gauge",
        'b{worker="1"} 2.0',
    ]
