# SPDX-License-Identifier: Apache-2.0
"""``/v1/replays``, and where a new listener starts, by the real API and its commands."""

import json

import pytest
import requests

from bridge.client import BridgeClient, ClientError
from bridge.store.journal import Entry
from tests.integration.commands import bridge_command
from tests.stored import NOW, a_listener, an_envelope

HOOK = {"type": "http", "url": "http://127.0.0.1:9/hook"}


@pytest.fixture
def bridge(api):
    with BridgeClient(api.url) as client:
        yield client


@pytest.fixture
def listener(api):
    listener = a_listener()
    api.parts.listener_store.add(listener)
    return listener


def add(bridge, start):
    return bridge.listeners.add({"events": ["TASK"], "callback": HOOK, "start": start})


def test_a_replay_is_begun_shown_listed_and_stopped(api, bridge, listener):
    api.journal.write([Entry((an_envelope(str(one)), NOW)) for one in range(3)])

    begun = bridge.replays.begin(
        listener.id, execution="e1", types=["TASK"], state="dead", rate_per_second=50
    )
    stopped = bridge.replays.stop(begun["id"])

    assert begun["state"] == "running"
    assert (begun["execution"], begun["types"], begun["told"]) == (
        "e1",
        ["TASK"],
        "dead",
    )
    assert (begun["progress"], begun["replayed"]) == (0, 0)
    assert stopped["state"] == "stopped"
    assert stopped["ended_at"] is not None
    assert list(bridge.replays.find(listener=listener.id)) == [stopped]
    assert list(bridge.replays.find(state="running")) == []
    assert bridge.replays.get(begun["id"]) == stopped
    assert bridge.replays.stop(begun["id"]) == stopped


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"since": "yesterday"}, "since"),
        ({"until": "2026-11-24"}, "until"),
        ({"types": ["on-nothing"]}, "types[0]"),
        ({"execution": ""}, "execution"),
        ({"state": "lost"}, "state"),
        ({"rate_per_second": 0}, "rate_per_second"),
        (
            {"since": "2026-11-24T02:00:00Z", "until": "2026-11-24T01:00:00Z"},
            "until",
        ),
        ({"till": "2026-11-24T01:00:00Z"}, "till"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_can_mean_nothing_is_refused(bridge, listener, wanted, field):
    with pytest.raises(ClientError) as refused:
        bridge.replays.begin(listener.id, **wanted)

    assert (refused.value.status, list(refused.value.errors)) == (422, [field])


def test_a_replay_to_nobody_is_not_found(bridge):
    with pytest.raises(ClientError) as refused:
        bridge.replays.begin("lst_none")

    assert refused.value.status == 404


@pytest.mark.parametrize(
    ("start", "shown"),
    [
        ("earliest", {"execution": None, "since": None}),
        ("2020-01-01T00:00:00Z", {"since": "2020-01-01T00:00:00.000000Z"}),
        ({"execution": "e1"}, {"execution": "e1"}),
    ],
    ids=["earliest", "time", "execution"],
)
def test_a_new_listener_that_begins_in_the_past_has_a_replay(bridge, start, shown):
    added = add(bridge, start)

    (replay,) = bridge.replays.find(listener=added["id"])
    assert added["starting"]
    assert replay["is_start"]
    assert {name: replay[name] for name in shown} == shown
    with pytest.raises(ClientError) as refused:
        bridge.replays.begin(added["id"])
    assert refused.value.status == 409
    assert bridge.replays.stop(replay["id"])["state"] == "stopping"


def test_a_change_does_not_take_a_listener_live(bridge):
    added = add(bridge, "earliest")

    changed = bridge.listeners.patch(added["id"], {"description": "ours"})

    assert changed["starting"]
    assert bridge.listeners.get(added["id"])["starting"]


def test_a_new_listener_is_live_unless_it_is_said_otherwise(bridge):
    assert not add(bridge, "latest")["starting"]
    assert list(bridge.replays.find()) == []


@pytest.mark.parametrize(
    "start", ["first", "2999-01-01T00:00:00Z", {"execution": ""}], ids=str
)
def test_a_start_that_is_none_is_refused(bridge, start):
    with pytest.raises(ClientError) as refused:
        add(bridge, start)

    assert refused.value.status == 422
    assert list(bridge.listeners.find()) == []


def test_a_list_goes_on_page_by_page(api, bridge, listener):
    begun = [bridge.replays.begin(listener.id)["id"] for _ in range(3)]
    page = requests.get(f"{api.url}/v1/replays", params={"limit": 2}, timeout=10).json()
    rest = requests.get(
        f"{api.url}/v1/replays", params={"after": page["next"]}, timeout=10
    ).json()

    assert [one["id"] for one in page["replays"] + rest["replays"]] == begun[::-1]
    assert rest["next"] is None


def test_the_commands_show_what_the_api_does(api, listener):
    def run(*args):
        return bridge_command(*args, BRIDGE_URL=api.url).stdout

    begun = json.loads(
        run(
            "replay",
            listener.id,
            "--execution",
            "e1",
            "--rate",
            "5",
            "--format",
            "json",
        )
    )
    head, row = run("replay-list").splitlines()
    stopped = run("replay-stop", begun["id"])

    assert head.split() == [
        *("ID", "STATE", "PROGRESS", "REPLAYED", "EXECUTION", "BEGUN", "LISTENER")
    ]
    assert row.split()[:5] == [begun["id"], "running", "100%", "0", "e1"]
    assert "stopped" in stopped
    assert run("replay-show", begun["id"]) == stopped


def test_the_command_says_where_a_listener_starts(api, bridge):
    said = bridge_command(
        *("listener-add", "workbook", "orders", HOOK["url"]),
        *("--start", "execution:e1"),
        BRIDGE_URL=api.url,
    ).stdout

    assert "it is told of the past first" in said
    (replay,) = bridge.replays.find()
    assert (replay["execution"], replay["is_start"]) == ("e1", True)
