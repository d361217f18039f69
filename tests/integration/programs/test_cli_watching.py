# SPDX-License-Identifier: Apache-2.0
"""``top``, ``explain``, ``delivery-list --follow``, ``delivery-retry --dead``."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.client import BridgeClient
from bridge.model import State
from bridge.store.journal import Entry
from tests.integration.commands import NOTIFIER_BRIDGE, Running, bridge_command
from tests.integration.programs.test_cli_terminal import (
    interrupted_on_a_terminal,
    on_a_terminal,
)
from tests.served import ServedApi
from tests.stored import NOW, a_delivery, a_listener, an_attempt, an_envelope


@pytest.fixture
def run(api):
    return lambda *args: bridge_command(*args, BRIDGE_URL=api.url)


@pytest.fixture
def pager(api):
    """A listener of failed tasks of one workbook."""
    listener = replace(
        a_listener(), name="pager", workbook="orders*", events=("on-task-error",)
    )
    api.parts.listener_store.add(listener)
    return listener


@pytest.fixture
def tell(api, pager):
    """Keep an event and its delivery, as it ended."""

    def tell(event_id, state, at=None):
        envelope = an_envelope(event_id, workbook="orders")
        due = NOW if state is State.PENDING else None
        made = a_delivery(envelope, pager, state=state, attempts=1, due_at=due)
        at = pager.created_at + timedelta(seconds=1) if at is None else at
        api.journal.write([Entry((envelope, at), (made,), (an_attempt(made),))])
        return made

    return tell


def test_top_shows_rates_what_waits_and_the_listeners_in_trouble_first(run, api, tell):
    other = replace(a_listener(), name="other", enabled=False)
    api.parts.listener_store.add(other)
    tell("1", State.PENDING)
    tell("2", State.DEAD)

    shown = run("top", "--interval", "0.1").stdout

    figures = dict(line.split(None, 1) for line in shown.splitlines()[:8] if line)
    assert figures["events"] == "0.0/s"
    assert (figures["waiting"], figures["dead"]) == ("1", "1")
    lines = [line.split() for line in shown.splitlines()]
    assert [one[1] for one in lines if one[:1] in (["enabled"], ["disabled"])] == [
        *("other", "pager")
    ]


def test_top_speaks_json_to_programs(run, tell):
    tell("1", State.DEAD)

    shown = json.loads(run("top", "--interval", "0.1", "--format", "json").stdout)

    assert (shown["waiting"], shown["dead"]) == (0, 1)
    assert shown["rates"]["success"] is None
    assert [one["name"] for one in shown["listeners"]] == ["pager"]


@pytest.mark.usefixtures("pager")
def test_top_stays_on_a_terminal_until_ctrl_c(api):
    shown, status = interrupted_on_a_terminal(
        *("top", "--interval", "0.1"), once="pager", BRIDGE_URL=api.url
    )

    assert "notifier-bridge top" in shown
    assert "waiting" in shown
    assert status == 0


def test_top_outlives_a_database_that_is_away(tmp_path):
    with ServedApi(f"sqlite:///{tmp_path}/bridge.sqlite3") as own:

        def harm():
            with own.database.write() as connection:
                connection.exec_driver_sql("DROP TABLE deliveries")

        shown, status = interrupted_on_a_terminal(
            *("top", "--interval", "0.1"), before=("dead", harm),
            once="the database refused", BRIDGE_URL=own.url,
        )  # fmt: skip

    assert "it is asked again until" in " ".join(shown.split())
    assert status == 0


def test_explain_says_what_decided(run, tell, pager):
    told = tell("1", State.DELIVERED)

    shown = run("explain", "1", pager.id).stdout.splitlines()

    assert shown[0] == f"{pager.id} (pager) is told of task.failed"
    assert "  ✓ events      on-task-error: task.failed" in shown
    assert "  ✓ workbook    orders*: orders" in shown
    assert shown[-1] == f"  delivery {told.id}: delivered after 1 attempt"


def test_explain_tells_of_every_listener_and_of_what_does_not_fit(run, api, tell):
    tell("1", State.DELIVERED)
    other = replace(a_listener(), events=("on-task-success",))
    api.parts.listener_store.add(other)

    shown = run("explain", "1").stdout

    assert f"{other.id} is not told of task.failed" in shown
    assert "  ✗ events      on-task-success: task.failed\n" in shown
    assert "  no delivery was made\n" in shown


def test_an_event_that_nobody_knows_is_told_so(run, pager):
    done = run("explain", "nowhere", pager.id)

    assert done.returncode == 1
    assert "nowhere" in done.stderr


def test_following_shows_what_comes_and_what_changes(api, tell):
    tell("1", State.DEAD)
    with Running(
        "delivery-list", "--follow", command=NOTIFIER_BRIDGE, BRIDGE_URL=api.url
    ) as listing:
        head, first = listing.line().split(), listing.line().split()
        second = tell("2", State.PENDING)
        came = listing.line().split()
        with BridgeClient(api.url) as client:
            client.deliveries.retry(first[0])
        changed = listing.line().split()
        status = listing.interrupt()

    assert head[:3] == ["ID", "STATE", "ATTEMPTS"]
    assert first[1] == "dead"
    assert came[:2] == [second.id, "pending"]
    assert changed[:2] == [first[0], "pending"]
    assert status == 0


def test_all_that_are_dead_are_tried_again(run, api, tell):
    dead = [tell(name, State.DEAD) for name in ("1", "2")]
    tell("3", State.DELIVERED)

    done = run("delivery-retry", "--dead")

    assert done.stdout == "tried again 2, failed 0\n"
    with BridgeClient(api.url) as client:
        pending = client.deliveries.find(state="pending")
        assert {one["id"] for one in pending} == {one.id for one in dead}


@pytest.mark.parametrize(
    "options", [(), ("a", "--dead"), ("a", "--listener", "b")], ids=" ".join
)
def test_which_to_try_again_has_to_be_said_in_one_way(run, options):
    assert run("delivery-retry", *options).returncode == 2


def test_a_terminal_shows_how_far_a_retry_of_many_is(api, tell):
    tell("1", State.DEAD)

    out, shown = on_a_terminal(
        "delivery-retry", "--dead", stdin="", command=NOTIFIER_BRIDGE,
        BRIDGE_URL=api.url,
    )  # fmt: skip

    assert out == "tried again 1, failed 0\n"
    assert "1/1" in shown
