# SPDX-License-Identifier: Apache-2.0
"""Broker, bridge and receivers go down in the middle of a run, and no event is missing.

Beside it, in the same run, Mistral's own webhook publisher tells a receiver of its own,
which is down as long as the bridge's is.
"""

import time
from contextlib import ExitStack
from threading import Timer

import pytest

from tests import figures
from tests.bridges import BridgeProcess
from tests.conftest import private_node
from tests.mistral.conftest import PAGE, SOON, WORKFLOWS
from tests.mistral.mistral import Mistral
from tests.mistral.witness import HookWitness

EXECUTIONS = 100
TASKS = "abcde"
EVENTS = EXECUTIONS * 2 * (1 + len(TASKS))
BEFORE_THE_OUTAGE = 100
RECEIVERS_AWAY_SECONDS = 3
PATIENCE_SECONDS = 120
POLL_SECONDS = 0.1

COMPARED = ("in this run", "Mistral's `webhook`", "`amqp` and a bridge")
STORY = {name: ["started", "succeeded"] for name in ("", *TASKS)}


class PlainWitness(HookWitness):
    """A receiver of Mistral's own webhooks, which have no headers of ours."""

    def note(self, received):
        self.events.append(received.body)


@pytest.fixture
def parts(vhosts, databases, tmp_path):
    """A broker and a bridge to be killed, receivers to be closed, a Mistral that goes on."""
    with ExitStack() as stack:
        rpc, _ = stack.enter_context(vhosts())
        node = stack.enter_context(private_node())
        hook = stack.enter_context(HookWitness())
        plain = stack.enter_context(PlainWitness())
        bridge = stack.enter_context(BridgeProcess(tmp_path, node.url))
        bridge.add_listener(hook.url, events=["EXECUTION", "TASK"], retry=SOON)
        own = f'{{"type": "webhook", "url": "{plain.url}"}}'
        mistral = Mistral(
            tmp_path,
            rabbit_url=rpc,
            database_url=stack.enter_context(databases()),
            notify=['{"type": "amqp"}', own],
            settings=f"[workflow_notifier]\nurl = {node.url}\n",
        )
        stack.enter_context(mistral)
        mistral.define(WORKFLOWS.read_text())
        yield mistral, node, bridge, hook, plain


def wait_until(look):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not look() and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def go_down_and_come_back(node, bridge, hook, plain):
    """Let all fail at once: SIGKILL for broker and bridge, closed ports for the others."""
    for witness in (hook, plain):
        witness.close()
        Timer(RECEIVERS_AWAY_SECONDS, witness.open).start()
    node.kill()
    bridge.kill()
    node.start()
    bridge.start()


def test_no_event_is_missing_though_broker_and_bridge_are_killed(parts):
    mistral, node, bridge, hook, plain = parts
    executions = [mistral.run("five") for _ in range(EXECUTIONS // 2)]
    wait_until(lambda: len(hook.events) >= BEFORE_THE_OUTAGE)

    began = time.monotonic()
    seen = len(plain.events)
    executions += [mistral.run("five") for _ in range(EXECUTIONS // 4)]
    go_down_and_come_back(node, bridge, hook, plain)
    away = time.monotonic() - began
    during = len(plain.events) - seen
    executions += [mistral.run("five") for _ in range(EXECUTIONS // 4)]
    for execution in executions:
        mistral.wait_for(execution, "SUCCESS")
    wait_until(lambda: len({one.id for one in hook.events}) >= EVENTS)

    stories = {one: hook.story(one) for one in executions}
    told = len({one.id for one in hook.events})
    lost = EVENTS - len(plain.events)
    figures.note(
        {
            "Mistral, outage of broker and bridge": figures.seconds(away),
            "Mistral, told by the engine meanwhile": during,
            "Mistral, events missing at a webhook": EVENTS - told,
            "Mistral, events told twice": len(hook.events) - told,
            "Mistral, missing by its own webhook publisher": lost,
        }
    )
    assert stories == dict.fromkeys(executions, STORY)
    assert told == EVENTS
    assert lost > 0, "the outage came too late"


def test_the_page_compares_what_is_done_here():
    rows = {what: cells for what, *cells in PAGE.table(*COMPARED)}

    assert (
        f"{EXECUTIONS} workflows of {len(TASKS)} tasks, {EVENTS:,} events"
        in " ".join(PAGE.text.split())
    )
    away = f"{RECEIVERS_AWAY_SECONDS} s"
    assert rows["the receiver was closed for"] == [away, away]
    assert rows["events missing in the end"][1] == "0"
    assert int(rows["events missing in the end"][0]) > 0
