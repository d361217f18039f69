# SPDX-License-Identifier: Apache-2.0
"""The index finds the same listeners as asking each of them."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bridge.model import CallbackSpec, Listener, ListenerId
from bridge.routing.explaining import explain
from bridge.routing.index import Index
from notifier.event import Event
from notifier.event_types import expand, matches

NOW = datetime(2026, 11, 24, tzinfo=UTC)
NAMES = ["a", "ab", "b", "orders", "a.b"]
WISHES = st.none() | st.sampled_from([*NAMES, "a*", "*", "*b", "o*s"])
EXACT = st.none() | st.sampled_from(NAMES)
EVENTS = st.lists(
    st.sampled_from(
        [
            *("EXECUTION", "TASK", "on-task-error", "ON_EXIT", "task.*", "*.failed"),
            *("task.failed", "execution.started", "TASK_LAUNCHED", "*", "task.f*"),
            *("t*.failed", "task.odd-word"),
        ]
    ),
    min_size=1,
    max_size=3,
)
FILTERS = st.sampled_from([(), ({"suffix": {"type": ".failed"}},)])
PROJECTS = st.sampled_from(["default", "acme"])


@st.composite
def a_listener(draw, number):
    return Listener(
        id=ListenerId(f"l{number}"),
        project=draw(PROJECTS),
        name=None,
        events=tuple(draw(EVENTS)),
        callback=CallbackSpec("http", url="http://x"),
        secret="",
        created_at=NOW,
        updated_at=NOW,
        workbook=draw(WISHES),
        workflow=draw(WISHES),
        task=draw(WISHES),
        execution_id=draw(EXACT),
        filters=draw(FILTERS),
    )


@st.composite
def an_event(draw):
    kinds = ["task.failed", "task.started", "task.odd-word", "execution.started"]
    event_type = draw(st.sampled_from([*kinds, "execution.failed"]))
    execution = {"id": draw(st.sampled_from(NAMES))}
    for name in ("parent_id", "root_id"):
        value = draw(EXACT)
        if value is not None:
            execution[name] = value
    data = {
        name: value
        for name in ("workbook", "workflow")
        if (value := draw(EXACT)) is not None
    }
    if draw(PROJECTS) == "acme":
        data["project"] = "acme"
    task = None
    if event_type.startswith("task"):
        task = {"id": draw(st.sampled_from(NAMES))}
        name = draw(EXACT)
        if name is not None:
            task["name"] = name
    return Event.new(event_type, execution=execution, task=task, **data)


def glob(pattern, *values):
    """Match by trying every split: slow, and plainly right."""

    def fits(pattern, text):
        if not pattern:
            return not text
        if pattern[0] == "*":
            return any(fits(pattern[1:], text[i:]) for i in range(len(text) + 1))
        return bool(text) and pattern[0] == text[0] and fits(pattern[1:], text[1:])

    if pattern is None:
        return True
    return any(value is not None and fits(pattern, value) for value in values)


def wants(listener, event):
    types = [pattern for name in listener.events for pattern in expand(name)]
    execution = event.data["execution"]
    ids = {execution.get(name) for name in ("id", "parent_id", "root_id")}
    return (
        listener.project == event.data.get("project", "default")
        and any(matches(pattern, event.type) for pattern in types)
        and glob(listener.workbook, event.workbook)
        and glob(listener.workflow, event.workflow)
        and glob(listener.task, event.task_id, event.task_name)
        and (listener.execution_id is None or listener.execution_id in ids)
        and (not listener.filters or event.type.endswith(".failed"))
    )


@given(st.data(), an_event(), st.integers(0, 8))
def test_the_index_agrees_with_asking_everyone(data, event, count):
    listeners = [data.draw(a_listener(number)) for number in range(count)]
    index = Index()
    for listener in listeners:
        index.put(listener)

    found = index.match(event)

    assert sorted(one.id for one in found) == [
        one.id for one in listeners if wants(one, event)
    ]


@given(st.data(), an_event())
def test_a_changed_listener_is_found_by_what_it_is_now(data, event):
    index = Index()
    before = data.draw(a_listener(1))
    after = data.draw(a_listener(1))
    index.put(before)

    index.put(after)

    assert index.match(event) == ([after] if wants(after, event) else [])
    assert index.get(after.id) == after


@given(st.data(), an_event())
def test_a_removed_listener_leaves_nothing_behind(data, event):
    index = Index()
    listener = data.draw(a_listener(1))
    index.put(listener)

    index.remove(listener.id)
    index.remove(listener.id)

    assert not index.match(event)
    assert not len(index)
    assert not index._places


@given(a_listener(1), an_event())
def test_what_is_explained_agrees_with_the_index(listener, event):
    index = Index()
    index.put(listener)

    explained = explain(listener, event, received_at=NOW, judgement=None)

    assert explained.matches is bool(index.match(event))
