# SPDX-License-Identifier: Apache-2.0
"""Calls over RabbitMQ: where replies go, and what becomes of a call that loses its way."""

import json
import logging
import os
import threading
import time
import uuid
from datetime import timedelta

import amqp
import kombu
import pytest

from notifier.errors import Unreachable, Unroutable
from notifier.notifier import Notifier
from notifier.publishers.amqp import AmqpPublisher
from notifier.topology import BRIDGE_QUEUE, EXCHANGE
from notifier.verdict import Ruling, Verdict
from notifier.wire import to_amqp
from tests.contract.callers import a_start, a_workbook, calling
from tests.integration.messages import taken
from tests.servers.proxy import Proxy

TIMEOUT = timedelta(seconds=20)
SHORT = timedelta(seconds=1)
SLACK_SECONDS = 0.6


@pytest.fixture(scope="module")
def url(rabbit):
    vhost = f"test-{uuid.uuid4()}"
    yield rabbit.vhost(vhost)
    rabbit.drop_vhost(vhost)


@pytest.fixture(scope="module")
def held(tmp_path_factory, url):
    with calling("amqp", tmp_path_factory.mktemp("calls"), url) as held:
        yield held


@pytest.fixture
def workbook():
    return a_workbook()


def ask(channel, event, reply_to):
    """Publish an event as a program without our library does."""
    said = to_amqp(event)
    message = amqp.Message(
        said.body,
        application_headers=dict(said.headers),
        reply_to=reply_to,
        correlation_id="of the test",
        **said.properties,
    )
    channel.basic_publish(message, EXCHANGE, said.routing_key)


def test_without_a_bridge_the_caller_decides_and_the_event_waits(amqp_url):
    event = a_start("orders")
    with Notifier(AmqpPublisher(amqp_url)) as notifier:
        started = time.monotonic()
        verdict = notifier.call(event, timeout=SHORT, on_timeout="refuse")
        took = time.monotonic() - started

    assert SHORT.total_seconds() * 0.9 < took < SHORT.total_seconds() + SLACK_SECONDS
    assert verdict.ruling is Ruling.UNANSWERED
    assert verdict.reasons == ("no bridge answered in time",)
    with kombu.Connection(amqp_url) as connection:
        assert taken(connection.channel(), BRIDGE_QUEUE) == [event.id]


@pytest.mark.parametrize("on_unroutable", ["raise", "ignore"])
def test_where_no_queue_takes_the_event_nobody_is_waited_for(amqp_url, on_unroutable):
    publisher = AmqpPublisher(amqp_url, bridge_queue=None, on_unroutable=on_unroutable)
    started = time.monotonic()
    with publisher:
        if on_unroutable == "raise":
            with pytest.raises(Unroutable):
                publisher.call(a_start("orders"), timeout=TIMEOUT)
        else:
            assert publisher.call(a_start("orders"), timeout=TIMEOUT) is None

    assert time.monotonic() - started < TIMEOUT.total_seconds() / 2


def test_a_call_outlives_its_connection(held, url, workbook):
    """The bridge has asked the listener already; its reply would find nobody."""
    held.listen(workbook, "/slow")
    held.keeper.hold()
    event, verdicts = a_start(workbook), []
    with Proxy(url) as proxy, AmqpPublisher(proxy.url) as publisher:

        def call():
            verdicts.append(Verdict.of(publisher.call(event, timeout=TIMEOUT)))

        caller = threading.Thread(target=call)
        caller.start()
        held.keeper.wait_for(1, event.id)
        proxy.reset()
        held.keeper.release()
        caller.join()

    (verdict,) = verdicts
    assert [one.is_answered for one in verdict.answers] == [True]


def test_a_reply_that_comes_too_late_is_not_taken_for_the_next(
    held, url, workbook, monkeypatch
):
    other = a_workbook()
    held.listen(workbook, "/slow")
    asked_second = held.listen(other, "/slow")
    held.keeper.hold()
    with AmqpPublisher(url) as publisher:
        with monkeypatch.context() as patched:
            patched.setattr("bridge.intake.asking.MAX_WAY", -SHORT)  # in its own time
            assert publisher.call(a_start(workbook), timeout=SHORT) is None
        answers = publisher.call(a_start(other), timeout=3 * SHORT)

    held.keeper.release()
    assert [one.listener_id for one in answers] == [asked_second["id"]]


def test_any_program_may_wait_at_a_queue_of_replies(held, url, workbook):
    held.listen(workbook, "/no")
    replies = []
    with kombu.Connection(url) as connection:
        channel = connection.channel()
        name = f"workflow.replies.{uuid.uuid4()}"
        queue = kombu.Queue(name, channel=channel, exclusive=True, durable=False)
        queue.declare()
        ask(channel, a_start(workbook), name)
        with connection.Consumer(queue, callbacks=[lambda _, m: replies.append(m)]):
            connection.drain_events(timeout=TIMEOUT.total_seconds())

    (reply,) = replies
    assert reply.properties["correlation_id"] == "of the test"
    said = json.loads(reply.body)
    assert said["verdict"] == "refused"
    assert said["answers"][0]["reason"] == "the shop is closed"


def test_the_bridge_writes_to_no_other_queue(held, url, workbook, caplog):
    held.listen(workbook, "/yes")
    event = a_start(workbook)
    with kombu.Connection(url) as connection, caplog.at_level(logging.WARNING):
        channel = connection.channel()
        kombu.Queue("payroll", channel=channel).declare()
        ask(channel, event, "payroll")
        held.keeper.wait_for(1, event.id)
        # what is asked later is answered later
        assert held.caller.call(a_start(workbook), timeout=TIMEOUT)

        assert channel.basic_get("payroll") is None
    assert "workflow-wait-ms" not in held.keeper.of(event.id)[0]
    assert "nobody is answered there" in caplog.text


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_and_its_parent_call_side_by_side(held, workbook):
    held.listen(workbook, "/no")
    assert not Verdict.of(held.caller.call(a_start(workbook), timeout=TIMEOUT))

    child = os.fork()
    if child == 0:
        status = 1
        try:
            answers = held.caller.call(a_start(workbook), timeout=TIMEOUT)
            status = 1 if Verdict.of(answers) else 0
        finally:
            os._exit(status)
    _, status = os.waitpid(child, 0)

    assert status == 0
    assert not Verdict.of(held.caller.call(a_start(workbook), timeout=TIMEOUT))


def test_a_closed_caller_says_so(url):
    publisher = AmqpPublisher(url)
    publisher.call(a_start("nobody's"), timeout=SHORT)
    publisher.close()

    with pytest.raises(Unreachable, match="closed"):
        publisher.call(a_start("nobody's"), timeout=TIMEOUT)


def test_closing_wakes_who_waits(held, url, workbook):
    held.listen(workbook, "/slow")
    publisher, event, faults = AmqpPublisher(url), a_start(workbook), []

    def call():
        try:
            publisher.call(event, timeout=TIMEOUT)
        except Unreachable as err:
            faults.append(err)

    held.keeper.hold()
    caller = threading.Thread(target=call)
    caller.start()
    held.keeper.wait_for(1, event.id)
    started = time.monotonic()
    publisher.close()
    caller.join()
    held.keeper.release()

    assert time.monotonic() - started < TIMEOUT.total_seconds() / 2
    assert [one.event_ids for one in faults] == [(event.id,)]
