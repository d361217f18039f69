# SPDX-License-Identifier: Apache-2.0
"""A bridge among receivers that do all they can do wrong, all of them at once."""

import json
import ssl
import warnings
from collections import Counter, defaultdict
from contextlib import ExitStack

import pytest
import requests

from benchmarks.meters import peak_megabytes
from bridge.model import OutcomeKind, State
from bridge.store.database import Database
from notifier.wire import encode_body
from tests import figures
from tests.bridges import BridgeProcess
from tests.integration.certificates import Authority
from tests.integration.hostile import OK, Hostile, answers, deaf
from tests.integration.hostilities import BROKEN, ODD, SLOW, no_tls
from tests.ledger import Ledger
from tests.load import an_event
from tests.stored import Stores

EVENTS = 12
HEALTHY = 3
TIMEOUT_SECONDS = 1
AFTER_DEADLINE_SECONDS = 1
MAX_MEMORY_MB = 300
TRIED_AT_LEAST = 3
PATIENCE_SECONDS = 60
HOST = "127.0.0.1"


class Scene:
    """Receivers good and bad, each a listener of a bridge.

    Attributes:
        names: Of what the bad ones do, by their listeners' ids.
        good: The others.
    """

    def __init__(self, bridge, folder):
        self.names = {}
        self.good = []
        self._bridge = bridge
        self._folder = folder
        self._open = ExitStack()

    def __enter__(self):
        for name, behaviour in (SLOW | BROKEN | ODD).items():
            self._add(name, Hostile(behaviour))
        for name, behaviour, tls in self._bad_tls():
            self._add(name, Hostile(behaviour, tls), scheme="https")
        for _ in range(HEALTHY):
            ledger = self._open.enter_context(Ledger())
            self._listen(ledger.url)
            self.good.append(ledger)
        return self

    def __exit__(self, *error):
        self._open.__exit__(*error)

    def _add(self, name, receiver, scheme="http"):
        self._open.enter_context(receiver)
        url = receiver.url.replace("http", scheme, 1)
        self.names[self._listen(url)] = name

    def _listen(self, url):
        retry = {"delays_seconds": [0.5, 1, 2, 4, 8], "jitter": 0}
        shown = self._bridge.add_listener(
            url, timeout_seconds=TIMEOUT_SECONDS, retry=retry, project="acme"
        )
        return shown["id"]

    def _bad_tls(self):
        authority = Authority(self._folder)
        old = authority.context(HOST)
        old.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old.minimum_version = ssl.TLSVersion.TLSv1
            old.maximum_version = ssl.TLSVersion.TLSv1_1
        yield "TLS is never answered", deaf, None
        yield "plain text for TLS", no_tls, None
        yield "TLS 1.1", answers(OK), old
        yield "nobody's certificate", answers(OK), authority.context(HOST)


@pytest.fixture(params=["threads", "loop"])
def client(request):
    """Which client sends webhooks."""
    return request.param


@pytest.fixture
def bridge(tmp_path, client):
    members = {"OS_CALLBACKS__CLIENT": client, "DATABASE_URL": url_of(tmp_path)}
    with BridgeProcess(tmp_path, **members) as bridge:
        yield bridge


@pytest.fixture
def scene(bridge, tmp_path):
    with Scene(bridge, tmp_path) as scene:
        yield scene


@pytest.fixture
def stored(bridge, tmp_path):
    del bridge
    with Database(url_of(tmp_path)) as database:
        yield Stores(database).deliveries


def url_of(folder):
    return f"sqlite:///{folder}/bridge.sqlite3"


def publish(bridge, count):
    """Publish so many events and return their ids."""
    bodies = [json.loads(encode_body(an_event(number))) for number in range(count)]
    answer = requests.post(f"{bridge.url}/v1/events", json=bodies, timeout=20)
    return [one["id"] for one in answer.json()["events"]]


def are_tried(stored, listeners):
    """Tell whether each listener was tried often enough, or is done."""
    counts = Counter()
    for delivery in stored.find(limit=10_000):
        is_done = delivery.state is not State.PENDING
        counts[delivery.listener_id] += delivery.attempts + is_done
    return min(counts[one] for one in listeners) >= TRIED_AT_LEAST


def have_said_so(stored, listeners):
    """Tell whether each of those that say so in their way has been understood once.

    On a busy machine the end of their answer may come too late, more than once.
    """
    delivered = {
        one.listener_id for one in stored.find(limit=10_000, state="delivered")
    }
    return {key for key, name in listeners.items() if name in ODD} <= delivered


def attempts_by_listener(stored):
    found = defaultdict(list)
    for delivery in stored.find(limit=10_000):
        _, attempts = stored.get(None, delivery.id)
        found[delivery.listener_id] += [one.outcome for one in attempts]
    return found


def test_no_hostile_receiver_holds_an_attempt_memory_or_a_healthy_listener(
    bridge, scene, stored, client
):
    ids = publish(bridge, EVENTS)
    for ledger in scene.good:
        ledger.wait_for(ids)
    bridge.wait_until(lambda: are_tried(stored, scene.names), PATIENCE_SECONDS)
    bridge.wait_until(lambda: have_said_so(stored, scene.names), PATIENCE_SECONDS)

    ended = attempts_by_listener(stored)
    kinds = {
        name: {one.kind for one in ended[key]} for key, name in scene.names.items()
    }
    longest = max(a.duration.total_seconds() for one in ended.values() for a in one)
    memory = peak_megabytes(bridge.pid)
    about = f"{len(kinds)} hostile receivers, client = {client}"
    figures.note(
        {
            f"{about}: longest attempt of {TIMEOUT_SECONDS} s": figures.seconds(
                longest
            ),
            f"{about}: memory at most": f"{memory:.0f} MB",
        }
    )
    assert [name for name in SLOW if kinds[name] != {OutcomeKind.TIMED_OUT}] == []
    assert [name for name in BROKEN if OutcomeKind.SUCCEEDED in kinds[name]] == []
    assert [name for name in ODD if OutcomeKind.SUCCEEDED not in kinds[name]] == []
    assert longest < TIMEOUT_SECONDS + AFTER_DEADLINE_SECONDS
    assert memory < MAX_MEMORY_MB
    assert bridge.is_ready()
