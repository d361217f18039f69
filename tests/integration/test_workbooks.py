# SPDX-License-Identifier: Apache-2.0
"""Workbooks and the listeners that they make, in a real database."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from bridge.callbacks.recording import RecordingCallback
from bridge.conditions.parse import parse
from bridge.errors import Conflict, Invalid, NotFound, OutOfDate
from bridge.model import CallbackSpec, ListenerDraft, State
from bridge.registrar import Registrar
from bridge.store.journal import Entry
from bridge.store.vault import Vault
from bridge.store.workbooks import WorkbookStore
from bridge.workbook.document import Document
from bridge.workbook.pieces import with_file
from bridge.workbook.workbooks import Workbooks
from tests.served import KEY
from tests.stored import NOW, a_delivery, an_envelope
from tests.workbooks import KEYS, ORDERS, VARS, document

SUCCESS = "tasks/charge/on-exit/Logger:success"


@pytest.fixture
def told():
    """Grows each time that whoever routes is told."""
    return []


@pytest.fixture
def registrar(stores, told):
    loop = asyncio.new_event_loop()
    callback = RecordingCallback(loop)
    callbacks = {"http": callback, "amqp": callback}
    yield Registrar(stores.listeners, callbacks, parse, lambda: told.append(1))
    callback.close()
    loop.close()


@pytest.fixture
def workbooks(database, registrar):
    return Workbooks(WorkbookStore(database, Vault(KEY)), registrar)


@pytest.fixture
def apply(workbooks):
    """Apply a workbook's text, and return what that did."""

    def apply(text=ORDERS, *, project="default", **options):
        found = document(text)
        return workbooks.change(
            project, found.name, lambda known: with_file(known, found), **options
        )

    return apply


def in_force(stores):
    return {one.workbook_key: one for one in stores.listeners.find(limit=1000)}


def test_a_workbook_makes_its_listeners_at_once(apply, stores, told):
    before = stores.listeners.changes(0).version

    applied = apply()

    made = in_force(stores)
    assert set(made) == set(applied.difference.added) == KEYS
    assert made == applied.kept.made
    assert stores.listeners.changes(before).version == before + 1
    assert told == [1]


def test_applied_again_nothing_is_changed(apply, stores, told):
    first = apply()
    version = stores.listeners.changes(0).version

    again = apply()

    assert not again.difference
    assert again.difference.unchanged == len(KEYS)
    assert again.kept.stored == first.kept.stored
    assert stores.listeners.changes(0).version == version
    assert in_force(stores) == first.kept.made
    assert told == [1]


def test_what_changed_is_changed_and_the_rest_left(apply, stores):
    before = apply().kept.made

    changed = apply(ORDERS.replace("$.execution.error = null", "$.task.error = null"))

    after = in_force(stores)
    assert changed.kept.stored.revision == 2
    assert list(changed.difference.changed) == [SUCCESS]
    assert after[SUCCESS].when == "$.task.error = null"
    assert after[SUCCESS].id == before[SUCCESS].id
    assert after[SUCCESS].secret == before[SUCCESS].secret
    assert after[SUCCESS].revision == 2
    assert changed.kept.made == after
    assert {k: v for k, v in after.items() if k != SUCCESS} == {
        k: v for k, v in before.items() if k != SUCCESS
    }


def test_what_left_the_workbook_is_removed_and_its_deliveries_cancelled(apply, stores):
    gone = apply().kept.made["listeners/ops pager"]
    envelope = an_envelope()
    delivery = a_delivery(envelope, gone)
    stores.journal().write([Entry(arrived=(envelope, NOW), deliveries=(delivery,))])

    applied = apply(ORDERS[: ORDERS.index("listeners:")])

    assert list(applied.difference.removed) == ["listeners/ops pager"]
    assert set(in_force(stores)) == KEYS - {"listeners/ops pager"}
    (kept,) = stores.deliveries.find(limit=10)
    assert kept.state is State.CANCELLED


def test_a_dry_run_tells_and_does_nothing(apply, stores, workbooks):
    applied = apply(dry_run=True)

    assert set(applied.difference.added) == KEYS
    assert in_force(stores) == {}
    with pytest.raises(NotFound):
        workbooks.get("default", "orders")


def test_listeners_made_by_hand_are_never_touched(apply, registrar, stores, workbooks):
    draft = ListenerDraft(
        events=("TASK",),
        callback=CallbackSpec("http", VARS["LoggerURL"] + "/success"),
        workbook="orders",
        task="charge",
    )
    by_hand = registrar.add(draft)

    apply()
    apply(ORDERS.replace("charge:", "refund:"))
    workbooks.remove("default", "orders")

    assert stores.listeners.find(limit=10) == [by_hand]


def test_a_name_that_is_taken_undoes_it_all(apply, registrar, stores, workbooks):
    draft = ListenerDraft(
        ("TASK",), CallbackSpec("http", "http://h/"), name="ops pager"
    )
    by_hand = registrar.add(draft)

    with pytest.raises(Conflict, match="has a listener named 'ops pager'"):
        apply()

    assert stores.listeners.find(limit=10) == [by_hand]
    with pytest.raises(NotFound):
        workbooks.get("default", "orders")


def test_a_name_may_go_from_one_listener_to_another(apply, stores):
    apply()

    apply(ORDERS.replace("- name: ops pager\n    events", "- events"))
    apply()

    assert set(in_force(stores)) == KEYS


def test_a_condition_that_cannot_work_is_refused_with_its_place(apply, stores):
    with pytest.raises(Invalid) as refused:
        apply(ORDERS.replace("error = null", "error == null"))

    assert refused.value.field == "workflow.tasks.charge.on-exit.Logger:success.when"
    assert in_force(stores) == {}


def test_a_listener_of_a_workbook_is_only_turned_on_and_off_by_hand(
    apply, registrar, stores
):
    made = apply().kept.made[SUCCESS]
    draft = ListenerDraft(
        **{
            name: getattr(made, name)
            for name in ListenerDraft.__dataclass_fields__
            if name != "secret"
        }
    )

    off = registrar.change(made, replace(draft, enabled=False))

    assert not off.enabled
    assert off.workbook_key == SUCCESS
    with pytest.raises(Conflict, match=f"belongs to the workbook orders .{SUCCESS}.;"):
        registrar.change(off, replace(draft, when="$.task != null"))
    with pytest.raises(Conflict, match="belongs to the workbook orders"):
        registrar.remove(off)
    assert not apply().difference
    assert not in_force(stores)[SUCCESS].enabled


def test_a_service_keeps_its_secret_and_tells_it_once(apply, stores):
    first = apply()

    again = apply(ORDERS.replace("on-exit: Logger:success", "on-error: Logger:error"))

    assert set(first.secrets) == {"services/Logger", "listeners/ops pager"}
    assert again.secrets == {}
    made = in_force(stores)
    secret = first.secrets["services/Logger"]
    assert made["workflow/on-error/Logger:error"].secret == secret
    assert made[SUCCESS].secret == secret
    assert made["listeners/ops pager"].secret == first.secrets["listeners/ops pager"]


def test_nothing_secret_stands_open_in_the_database(apply, database):
    apply()

    with database.read() as connection:
        rows = [
            repr(connection.execute(text(f"SELECT * FROM {table}")).all())  # noqa: S608 - names of our own
            for table in ("workbooks", "listeners")
        ]
    assert VARS["Key"] not in "".join(rows)


def test_an_older_copy_is_not_applied(apply):
    apply()

    with pytest.raises(OutOfDate, match="at revision 1 now"):
        apply(known=0)
    assert apply(known=1).kept.stored.revision == 1


def test_workbooks_of_projects_are_apart(apply, stores, workbooks):
    apply()
    apply(ORDERS, project="acme")

    workbooks.remove("default", "orders")

    assert {one.project for one in stores.listeners.find(limit=100)} == {"acme"}
    found = workbooks.find(limit=10, project=None)
    assert [(one.project, one.name) for one in found] == [("acme", "orders")]
    assert workbooks.find(limit=10, project="default") == []


def test_workbooks_come_in_pages(apply, workbooks):
    for name, project in (("b", "x"), ("a", "x"), ("c", "w")):
        apply(f"name: {name}", project=project)

    first = workbooks.find(limit=2, project=None)
    last = workbooks.find(limit=2, project=None, after=("x", "a"))

    assert [one.name for one in first + last] == ["c", "a", "b"]


def test_a_removed_workbook_may_be_applied_again(apply, stores, workbooks):
    apply()
    workbooks.remove("default", "orders")
    assert in_force(stores) == {}

    assert apply().kept.stored.revision == 1
    assert set(in_force(stores)) == KEYS


def test_many_at_once_lose_nothing_of_each_other(workbooks, stores):
    """Each adds a task's hook to what it finds, so none may overwrite another's."""
    base = document()

    def add(number):
        task = base.hooks[next(p for p in base.hooks if p.task == "charge")]
        place = replace(
            next(p for p in base.hooks if p.task == "charge"), task=f"t{number}"
        )

        def edit(known: Document) -> Document:
            return replace(
                known, services=base.services, hooks={**known.hooks, place: task}
            )

        while True:
            try:
                return workbooks.change("default", "orders", edit)
            except Conflict:
                continue

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(8)))

    kept = workbooks.get("default", "orders")
    assert kept.stored.revision == 8
    assert {p.task for p in kept.document.hooks} == {f"t{n}" for n in range(8)}
    assert len(in_force(stores)) == 8
