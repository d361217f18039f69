# SPDX-License-Identifier: Apache-2.0
"""A bridge that is killed while it tells past events again."""

from bridge.client import BridgeClient
from tests.bridges import BridgeProcess
from tests.tally import Tally

COUNT = 240
CHUNK = 60
OF_ONE_BATCH = 64
"""So many attempts may be under way to one listener."""


def an_event(number):
    execution = {"id": f"e{number % 7}"}
    data = {"execution": execution, "task": {"name": "charge"}}
    return {"type": "task.failed", "data": data}


def test_a_replay_goes_on_after_a_kill_and_repeats_what_was_under_way(tmp_path):
    with (
        Tally() as tally,
        BridgeProcess(tmp_path) as bridge,
        BridgeClient(bridge.url) as client,
    ):
        ids = []
        for start in range(0, COUNT, CHUNK):
            some = client.publish([an_event(n) for n in range(start, start + CHUNK)])
            ids += [one["id"] for one in some]
        listener = bridge.add_listener(tally.url)
        replay = client.replays.begin(listener["id"], rate_per_second=100)
        tally.wait_for_some(COUNT // 3)
        bridge.kill()
        bridge.start()
        tally.wait_for(ids)
        bridge.wait_until(lambda: client.replays.get(replay["id"])["state"] == "done")
        over = client.replays.get(replay["id"])

    assert (over["looked_at"], over["replayed"]) == (COUNT, COUNT)
    assert tally.repeated <= OF_ONE_BATCH
    assert tally.renamed == set()
