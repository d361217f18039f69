# SPDX-License-Identifier: Apache-2.0
"""Bridges that are killed between recording a batch and hearing its answer."""

import threading

from bridge.client import BridgeClient
from bridge.receiver import Receiver
from tests.batching import events_in
from tests.bridges import BridgeProcess
from tests.served import KEY

COUNT = 30
IN_BATCHES = {
    "format": "cloudevents-batch",
    "batch": {"max_events": 10, "max_wait_ms": 50},
}


def an_event(number):
    data = {"execution": {"id": f"e{number}"}, "task": {"name": "charge"}}
    return {"type": "task.failed", "data": data}


class Hook:
    """Takes batches, and answers none until it may."""

    def __init__(self):
        self.calls = []
        self.may_answer = threading.Event()
        self.receiver = Receiver(
            "127.0.0.1", 0, on_delivery=self._take, answer=self._say
        )

    def _take(self, received):
        self.calls.append((received.headers["webhook-id"], events_in(received.body)))

    def _say(self, _):
        self.may_answer.wait(30)
        return 200


def test_a_batch_of_a_killed_bridge_comes_again_with_its_id_and_its_events(tmp_path):
    hook = Hook()
    with (
        hook.receiver as receiver,
        BridgeProcess(tmp_path) as bridge,
        BridgeClient(bridge.url) as client,
    ):
        bridge.add_listener(f"{receiver.url}/hook", callback=IN_BATCHES)
        ids = [one["id"] for one in client.publish([an_event(n) for n in range(COUNT)])]
        bridge.wait_until(lambda: sum(len(some) for _, some in hook.calls) == COUNT)
        bridge.kill()
        before = list(hook.calls)

        hook.may_answer.set()
        bridge.start()
        bridge.wait_until_delivered(ids)

    assert sorted(hook.calls[len(before) :]) == sorted(before)
    assert sorted(one for _, some in before for one in some) == sorted(ids)


def test_a_batch_of_a_killed_bridge_is_another_ones_after_its_lease(
    tmp_path, amqp_url, postgres_url
):
    hook = Hook()
    place = {"DATABASE_URL": postgres_url, "OS_SECRETS__KEY": KEY}
    homes = [tmp_path / name for name in ("one", "two")]
    for home in homes:
        home.mkdir()
    with (
        hook.receiver as receiver,
        BridgeProcess(homes[0], amqp_url, **place) as one,
        BridgeProcess(homes[1], amqp_url, **place) as two,
        BridgeClient(two.url) as client,
    ):
        one.add_listener(f"{receiver.url}/hook", callback=IN_BATCHES, timeout_seconds=1)
        two.wait_until(lambda: two.metric("notifier_bridge_listeners") == 1)
        ids = [one["id"] for one in client.publish([an_event(n) for n in range(COUNT)])]
        two.wait_until(
            lambda: {each for _, some in hook.calls for each in some} == {*ids}
        )
        one.kill()
        hook.may_answer.set()
        two.wait_until_delivered(ids)

    sent = dict(hook.calls)
    assert all(sent[batch_id] == some for batch_id, some in hook.calls)
    assert sorted(each for some in sent.values() for each in some) == sorted(ids)
