# SPDX-License-Identifier: Apache-2.0
"""A workbook means the same whether it is applied as a whole or piece by piece."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bridge.workbook import pieces
from bridge.workbook.compiling import compiled
from bridge.workbook.document import Document, Origin, Place
from bridge.workbook.exporting import shown_as_yaml, written
from bridge.workbook.hooks import read_hook
from bridge.workbook.reading import read
from bridge.workbook.services import read_action, read_service
from bridge.workbook.yaml_text import parse

NAMES = st.sampled_from(["Logger", "Mailer", "Pager"])
ACTIONS = st.sampled_from(["start", "success", "error"])
MOMENTS = st.sampled_from(["on-enter", "on-exit", "on-success", "on-error"])
TASKS = st.sampled_from(["charge", "ship", "a/b", "ünï"])
SECRETS = dict.fromkeys(("Logger", "Mailer", "Pager"), "whsec_" + "A" * 32)


@st.composite
def workbooks(draw):
    """Return a workbook as values; each hook calls what there is, and engine's words."""
    actions = st.fixed_dictionaries(
        {"url": st.sampled_from(["/a", "/b", "http://127.0.0.1:8/c"])},
        optional={"method": st.sampled_from(["POST", "put"])},
    )
    service = st.fixed_dictionaries(
        {
            "type": st.sampled_from(["HTTP", "http"]),
            "parameters": st.just({"baseUrl": "http://127.0.0.1:9"}),
            "actions": st.dictionaries(ACTIONS, actions, min_size=1),
        }
    )
    services = draw(st.dictionaries(NAMES, service, min_size=1))
    calls = [f"{s}:{a}" for s, one in services.items() for a in one["actions"]]
    call = st.sampled_from(calls)
    condition = st.sampled_from(["$.execution.error = null", "<% $.task != null %>"])
    entry = st.one_of(
        call,
        st.builds(lambda c, when: {c: when}, call, condition),
        st.builds(lambda c, when: {c: {"when": when, "timeout": 5}}, call, condition),
        st.sampled_from(["task2", "std:goto(task3)", "fail"]),
    )
    clauses = st.dictionaries(MOMENTS, st.lists(entry, max_size=4))
    workflow = st.builds(
        lambda own, tasks: {**own, "tasks": tasks},
        clauses,
        st.dictionaries(TASKS, clauses, max_size=3),
    )
    return {
        "name": "orders",
        "services": services,
        "workflow": draw(workflow),
        "workflows": draw(st.dictionaries(st.just("fulfil"), workflow)),
    }


def piece_by_piece(value):
    """Put a workbook together as the API does, an action and a hook at a time."""
    known = Document("orders")
    for name, service in value["services"].items():
        bare = read_service(name, {**service, "actions": {}}, Origin.API)
        known = pieces.with_service(known, name, bare)
        for action, members in service["actions"].items():
            put = read_action(name, action, members, Origin.API)
            known = pieces.with_action(known, name, action, put)
    for workflow, body in ((None, value["workflow"]), *value["workflows"].items()):
        for task, clauses in ((None, body), *body["tasks"].items()):
            for moment, clause in clauses.items():
                if moment == "tasks":
                    continue
                place = Place(workflow, task, moment)
                hook, _ = read_hook(
                    place, place.path, clause, known.services, origin=Origin.API
                )
                if hook is not None:
                    known = pieces.with_hook(known, place, hook)
    return known


def listeners(document):
    return compiled(document, "default", SECRETS).drafts


@given(workbooks())
def test_one_call_or_many_make_the_same_listeners(value):
    whole = read(value, {}).document

    parts = piece_by_piece(value)

    assert listeners(parts) == listeners(whole)
    assert pieces.with_file(parts, whole) == whole
    assert pieces.with_file(whole, whole) == whole
    assert pieces.with_file(parts, replace(whole, services={}, hooks={})) == parts


@given(workbooks())
def test_what_is_kept_and_what_is_exported_mean_the_same(value):
    whole = read(value, {}).document

    again = read(written(whole), {}).document
    exported = read(parse(shown_as_yaml(whole)).value, {}).document

    assert again == exported == whole
    assert listeners(exported) == listeners(whole)
