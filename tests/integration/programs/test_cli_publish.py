# SPDX-License-Identifier: Apache-2.0
"""``notifier publish`` on a real RabbitMQ."""

import json

import pytest
from kombu import Connection, Queue

from notifier.wire import from_amqp
from tests.integration.commands import Running, notifier

ONE = ("publish", "--type", "task.failed", "--execution", "e1", "--task", "charge")

NOBODY = "amqp://127.0.0.1:1/"
SHORTLY = {"OS_BUS__TIMEOUT_SECONDS": "0.3"}


@pytest.fixture
def broker(amqp_url):
    with Connection(amqp_url) as connection:
        yield connection


@pytest.fixture
def bridge_queue(broker):
    """Reads what stands in the bridge's queue, which the publisher declares."""

    def read():
        queue = Queue("bridge", no_declare=True, channel=broker.default_channel)
        while message := queue.get(no_ack=True):
            key = message.delivery_info["routing_key"]
            yield from_amqp(message.properties, message.headers, message.body, key)

    return read


def test_one_event_from_options_is_published(amqp_url, bridge_queue):
    done = notifier(
        *ONE,
        *("--workbook", "orders", "--workflow", "fulfil", "--project", "acme"),
        *("--engine", "mine", "--state", "ERROR", "--error", "card declined"),
        *("--root", "e0", "--parent", "e0", "--payload", '{"n": 0}'),
        *("--source", "/me", "--id", "i1", "--time", "2026-11-24T02:10:00Z"),
        AMQP_URL=amqp_url,
    )

    assert (done.returncode, done.stderr) == (0, "")
    key = "task.failed.acme.orders.fulfil.charge"
    assert done.stdout == f"published task.failed i1 as {key}\n"
    (event,) = bridge_queue()
    assert (event.id, event.source) == ("i1", "/me")
    assert event.time.isoformat() == "2026-11-24T02:10:00+00:00"
    assert event.data == {
        "engine": "mine",
        "project": "acme",
        "workbook": "orders",
        "workflow": "fulfil",
        "execution": {
            "id": "e1",
            "root_id": "e0",
            "parent_id": "e0",
            "error": "card declined",
        },
        "task": {"name": "charge", "state": "ERROR", "error": "card declined"},
        "payload": {"n": 0},
    }


def test_what_was_published_can_be_had_as_json(amqp_url):
    done = notifier(*ONE, "--format", "json", "--id", "i1", AMQP_URL=amqp_url)

    assert json.loads(done.stdout) == {
        "type": "task.failed",
        "id": "i1",
        "routing_key": "task.failed.default.-.-.charge",
    }


def test_an_error_can_be_known_to_be_none(amqp_url, bridge_queue):
    notifier(
        *("publish", "--type", "execution.succeeded", "--execution", "e1"),
        *("--no-error", "--payload", "0"),
        AMQP_URL=amqp_url,
    )

    (event,) = bridge_queue()
    assert event.data["execution"] == {"id": "e1", "error": None}
    assert event.data["payload"] == 0


def test_project_and_source_of_the_settings_are_the_default(
    amqp_url, bridge_queue, tmp_path
):
    conf = tmp_path / "notifier.conf"
    conf.write_text(
        f"[bus]\nurl = {amqp_url}\n[notifier]\nproject = acme\nsource = /settings\n"
    )

    done = notifier("--config-file", str(conf), *ONE)

    assert done.returncode == 0
    (event,) = bridge_queue()
    assert (event.project, event.source) == ("acme", "/settings")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--execution", "e1"), "--type is missing"),
        (("--type", "task.failed", "--task", "t"), "--execution is missing"),
        (("--type", "task.failed", "--execution", "e1"), "--task is missing"),
        ((*ONE[1:], "--error", "x", "--no-error"), "exclude each other"),
        ((*ONE[1:], "--payload", "{"), "is not JSON"),
        ((*ONE[1:], "--time", "now"), "must be a time as in RFC 3339"),
        ((*ONE[1:], "-"), "take no options of a single event"),
        (("--type", "task.failed", "--nothing", "x"), "--nothing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_call_is_explained_with_exit_status_2(args, said):
    done = notifier("publish", *args)

    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr.splitlines()[-1]


def test_an_event_that_is_none_is_refused_in_one_line(amqp_url):
    done = notifier(*ONE[:-1], "\x07", AMQP_URL=amqp_url)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: data.task.name: must hold no control characters\n"


def test_a_wrong_setting_is_told_in_one_line():
    done = notifier(*ONE, AMQP_URL="http://me:secret@broker")

    assert done.returncode == 1
    assert done.stderr.startswith("Error: AMQP_URL must be a URL such as amqp://host")
    assert "secret" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_help_needs_no_settings():
    done = notifier("publish", "--help", AMQP_URL="nonsense")

    assert done.returncode == 0
    assert "--workbook" in done.stdout


def test_each_line_of_standard_input_is_published(amqp_url, bridge_queue):
    lines = [
        {"type": "execution.started", "data": {"execution": {"id": "e1"}}},
        {
            "specversion": "1.0",
            "id": "i2",
            "source": "/line",
            "type": "execution.failed",
            "time": "2026-11-24T02:10:00Z",
            "data": {"execution": {"id": "e1"}},
        },
    ]

    done = notifier(
        "publish", "-", stdin="\n\n".join(map(json.dumps, lines)), AMQP_URL=amqp_url
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "published 2, failed 0\n"
    first, second = bridge_queue()
    assert (first.type, first.source) == ("execution.started", "/notifier")
    assert (second.id, second.source) == ("i2", "/line")


def test_hundreds_of_lines_of_a_file_arrive_in_order(amqp_url, bridge_queue, tmp_path):
    file = tmp_path / "events.ndjson"
    body = '{{"type": "task.started", "data": {{"execution": {{"id": "e"}}, "task": {{"name": "t{}"}}}}}}\n'
    file.write_text("".join(body.format(n) for n in range(800)))

    done = notifier("publish", "--file", str(file), AMQP_URL=amqp_url)

    assert done.stdout == "published 800, failed 0\n"
    assert [e.task_name for e in bridge_queue()] == [f"t{n}" for n in range(800)]


def test_a_wrong_line_is_named_and_keeps_no_other_back(amqp_url, bridge_queue):
    good = '{"type": "execution.started", "data": {"execution": {"id": "e1"}}}'
    long = json.dumps(
        {
            "type": "execution.started",
            "data": {"project": "p" * 65, "execution": {"id": "e2"}},
        }
    )

    done = notifier(
        *("publish", "-", "--format", "json"),
        stdin=f'{good}\n{{"type": 1}}\nnonsense\n{long}\n{good}',
        AMQP_URL=amqp_url,
    )

    assert done.returncode == 1
    assert json.loads(done.stdout) == {"published": 2, "failed": 3}
    told = done.stderr.splitlines()
    assert [line.partition(": ")[0] for line in told] == ["line 2", "line 3", "line 4"]
    assert len(list(bridge_queue())) == 2


def test_a_line_is_published_before_the_next_one_comes(amqp_url):
    good = '{"type": "execution.started", "data": {"execution": {"id": "e1"}}}\n'
    with Running("tail", "--format", "json", AMQP_URL=amqp_url) as tail:
        assert tail.note().startswith("listening on ")
        with Running("publish", "-", AMQP_URL=amqp_url) as publish:
            publish.type(good)
            assert json.loads(tail.line())["type"] == "execution.started"


def test_a_broker_that_is_away_is_told_in_one_line():
    done = notifier(*ONE, AMQP_URL="amqp://me:secret@127.0.0.1:1/", **SHORTLY)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert "127.0.0.1:1" in done.stderr
    assert "secret" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_lines_that_no_broker_takes_are_named():
    good = '{"type": "execution.started", "data": {"execution": {"id": "e1"}}}'

    done = notifier("publish", "-", stdin=good, AMQP_URL=NOBODY, **SHORTLY)

    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "line 1: not confirmed; go on from this line"
