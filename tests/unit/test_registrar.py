# SPDX-License-Identifier: Apache-2.0
"""The one way to register a listener, over a real store and callbacks that record."""

import asyncio
from dataclasses import fields, replace
from datetime import timedelta

import pytest

from bridge.callbacks.recording import RecordingCallback
from bridge.callbacks.signing import check_secret
from bridge.conditions.parse import parse
from bridge.errors import Conflict, Invalid, NotFound, OutOfDate
from bridge.model import CallbackSpec, ListenerDraft, RetryPolicy
from bridge.registrar import Registrar, new_id
from bridge.store import schema
from bridge.store.database import Database
from bridge.store.listeners import ListenerStore
from bridge.store.vault import Vault
from tests.served import KEY

HOOK = CallbackSpec("http", "http://127.0.0.1:9/hook")
SECRET = "whsec_" + "A" * 32
DRAFT = ListenerDraft(events=("TASK",), callback=HOOK)
WHOLE = ListenerDraft(
    events=("on-task-error", "EXECUTION"),
    callback=CallbackSpec("http", "http://127.0.0.1:9/", "PUT", headers={"A": "b"}),
    project="acme",
    name="pager",
    description="Wakes whoever is on duty",
    workbook="orders*",
    workflow="fulfil",
    execution_id="e1",
    task="charge",
    when="$.task.state = ERROR",
    ordered=True,
    max_in_flight=7,
    retry=RetryPolicy((timedelta(seconds=1),), 0.5),
    enabled=False,
    secret=SECRET,
)
SECOND = timedelta(seconds=1)


@pytest.fixture
def store(tmp_path):
    with Database(f"sqlite:///{tmp_path}/bridge.sqlite3") as database:
        schema.migrate(database)
        yield ListenerStore(database, Vault(KEY))


@pytest.fixture
def callback():
    loop = asyncio.new_event_loop()
    callback = RecordingCallback(loop)
    yield callback
    callback.close()
    loop.close()


@pytest.fixture
def changes():
    return []


@pytest.fixture
def registrar(store, callback, changes):
    callbacks = {"http": callback, "amqp": callback}
    return Registrar(store, callbacks, parse, lambda: changes.append("changed"))


def test_a_draft_becomes_a_listener(registrar, store, changes):
    listener = registrar.add(WHOLE)

    for field in fields(WHOLE):
        assert getattr(listener, field.name) == getattr(WHOLE, field.name)
    assert (listener.revision, listener.disabled_reason) == (1, None)
    assert listener.created_at == listener.updated_at
    assert store.get("acme", listener.id) == listener
    assert changes == ["changed"]


def test_a_secret_is_made_where_none_is_given(registrar):
    one, two = registrar.add(DRAFT), registrar.add(DRAFT)

    check_secret(one.secret)
    assert one.secret != two.secret


def test_ids_sort_by_the_time_they_were_made(monkeypatch):
    ids = []
    for milliseconds in (1, 2**40, 2**40 + 1, 2**47):
        monkeypatch.setattr("time.time_ns", lambda ms=milliseconds: ms * 1_000_000)
        ids.append(new_id())

    assert ids == sorted(ids)
    assert len({len(one) for one in ids}) == 1


def test_ids_of_one_millisecond_differ(monkeypatch):
    monkeypatch.setattr("time.time_ns", lambda: 1)

    assert len({new_id() for _ in range(100)}) == 100


def test_the_callback_is_asked_whether_it_could_work(registrar, callback):
    registrar.add(DRAFT)

    assert callback.checked == [HOOK]


def changed(**members):
    return replace(DRAFT, **members)


def told(**members):
    return replace(DRAFT, callback=replace(HOOK, **members))


def tried(*seconds, jitter=0.2):
    delays = tuple(timedelta(seconds=one) for one in seconds)
    return replace(DRAFT, retry=RetryPolicy(delays, jitter))


WRONG = {
    "no event": (changed(events=()), "events"),
    "101 events": (changed(events=("TASK",) * 101), "events"),
    "an unknown event": (changed(events=("TASK", "tsk.failed")), "events[1]"),
    "an empty project": (changed(project=""), "project"),
    "a long project": (changed(project="ä" * 33), "project"),
    "a project with a line": (changed(project="a\nb"), "project"),
    "an empty name": (changed(name=""), "name"),
    "a long description": (changed(description="d" * 1001), "description"),
    "a long workbook": (changed(workbook="w" * 256), "workbook"),
    "a workflow with NUL": (changed(workflow="a\0"), "workflow"),
    "an execution with ESC": (changed(execution_id="\x1b[1m"), "execution_id"),
    "a task with a C1 control": (changed(task="\x9b"), "task"),
    "a condition that does not parse": (changed(when="$."), "when"),
    "a condition with NUL": (changed(when="$.a = '\0'"), "when"),
    "none in flight": (changed(max_in_flight=0), "max_in_flight"),
    "1001 in flight": (changed(max_in_flight=1001), "max_in_flight"),
    "21 delays": (tried(*range(1, 22)), "retry.delays_seconds"),
    "no delay": (tried(1, 0), "retry.delays_seconds[1]"),
    "a delay over 7 days": (tried(7 * 86400 + 1), "retry.delays_seconds[0]"),
    "negative jitter": (tried(1, jitter=-0.1), "retry.jitter"),
    "jitter over 1": (tried(1, jitter=1.1), "retry.jitter"),
    "a jitter that is no number": (tried(1, jitter=float("nan")), "retry.jitter"),
    "a short secret": (changed(secret="whsec_AAAA"), "secret"),
    "an unknown type": (told(type="smtp"), "callback.type"),
    "no time": (told(timeout=SECOND / 2), "callback.timeout_seconds"),
    "61 s": (told(timeout=61 * SECOND), "callback.timeout_seconds"),
    "no URL": (told(url=None), "callback.url"),
    "an exchange for http": (told(exchange="x"), "callback.exchange"),
    "a routing key for http": (told(routing_key="x"), "callback.routing_key"),
    "options for http": (told(options={"a": "b"}), "callback.options"),
    "a URL for amqp": (told(type="amqp", exchange="x"), "callback.url"),
    "a method for amqp": (
        told(type="amqp", url=None, exchange="x", method="PUT"),
        "callback.method",
    ),
    "headers for amqp": (
        told(type="amqp", url=None, exchange="x", headers={"A": "b"}),
        "callback.headers",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_draft_is_refused_by_its_field_and_not_kept(
    registrar, store, changes, name
):
    draft, field = WRONG[name]

    with pytest.raises(Invalid) as refused:
        registrar.add(draft)

    assert refused.value.field == field
    assert store.find(limit=1) == []
    assert changes == []


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_change_is_refused_and_nothing_changed(registrar, store, name):
    listener = registrar.add(DRAFT)

    with pytest.raises(Invalid):
        registrar.change(listener, WRONG[name][0])

    assert store.find(limit=2) == [listener]


@pytest.mark.parametrize(
    "draft",
    [
        changed(events=("TASK",) * 100),
        changed(project="p" * 64),
        changed(name="n" * 255),
        changed(description="d" * 1000),
        changed(max_in_flight=1000),
        changed(when="$.task.name = 'a' and\n$.task.state = ERROR"),
        tried(*[7 * 86400] * 20, jitter=1),
        tried(jitter=0),
        told(timeout=SECOND),
        told(timeout=60 * SECOND),
    ],
    ids=[
        *(
            "100 events",
            "64 bytes",
            "255 characters",
            "1000 characters",
            "1000 in flight",
            "two lines",
        ),
        *("20 delays", "no retry", "1 s", "60 s"),
    ],
)
def test_what_is_just_within_its_limits_is_kept(registrar, draft):
    listener = registrar.add(draft)

    assert listener.events == draft.events


def test_the_known_types_are_named(registrar):
    with pytest.raises(Invalid, match="'smtp' is not known here; take http or amqp"):
        registrar.add(told(type="smtp"))


def test_a_change_keeps_what_the_bridge_sets(registrar, changes):
    listener = registrar.add(DRAFT)

    kept = registrar.change(listener, replace(WHOLE, project="default", secret=None))

    assert (kept.id, kept.created_at) == (listener.id, listener.created_at)
    assert kept.secret == listener.secret
    assert kept.revision == 2
    assert kept.updated_at > listener.updated_at
    assert kept.workbook == "orders*"
    assert changes == ["changed", "changed"]


def test_a_change_may_bring_a_new_secret(registrar):
    listener = registrar.add(DRAFT)

    assert registrar.change(listener, changed(secret=SECRET)).secret == SECRET


def test_a_listener_stays_in_its_project(registrar):
    listener = registrar.add(DRAFT)

    with pytest.raises(Invalid, match="project: cannot be changed"):
        registrar.change(listener, changed(project="acme"))


def test_enabling_forgets_why_it_was_disabled(registrar, store):
    listener = registrar.add(DRAFT)
    store.disable(listener.id, "answered 410 Gone", listener.created_at)
    disabled = store.get(None, listener.id)

    still = registrar.change(disabled, changed(enabled=False))
    enabled = registrar.change(still, changed(enabled=True))

    assert still.disabled_reason == "answered 410 Gone"
    assert (enabled.enabled, enabled.disabled_reason) == (True, None)


def test_what_the_store_refuses_is_no_change(registrar, changes):
    listener = registrar.add(changed(name="pager"))
    del changes[:]

    with pytest.raises(Conflict):
        registrar.add(changed(name="pager"))
    with pytest.raises(OutOfDate):
        registrar.change(listener, DRAFT, known=7)
    with pytest.raises(OutOfDate):
        registrar.remove(listener, known=7)

    assert changes == []


def test_a_removed_listener_is_no_more(registrar, store, changes):
    listener = registrar.add(DRAFT)

    registrar.remove(listener, known=1)

    assert changes == ["changed", "changed"]
    with pytest.raises(NotFound):
        store.get(None, listener.id)
