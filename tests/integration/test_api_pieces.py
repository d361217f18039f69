# SPDX-License-Identifier: Apache-2.0
"""Callbacks of a workbook, put and taken away piece by piece."""

import pytest

from bridge.client import ClientError
from tests.workbooks import KEYS, ORDERS, VARS

LOGGER = {"type": "HTTP", "parameters": {"baseUrl": "http://127.0.0.1:9"}}


@pytest.fixture
def apply(client):
    return lambda text=ORDERS, **given: client.workbooks.apply(
        text, variables=VARS, **given
    )


def keys(told):
    return {one["key"] for one in told}


def test_pieces_are_put_shown_and_taken_away(client):
    client.workbooks.put_piece(
        "orders", "services/Logger", {**LOGGER, "actions": {"a": "/a"}}
    )
    client.workbooks.put_piece("orders", "services/Logger/actions/b", {"url": "/b"})
    client.workbooks.put_piece("orders", "workflow/on-enter", "Logger:a")
    told = client.workbooks.put_piece(
        "orders",
        "tasks/charge/on-exit",
        ["ship", {"Logger:b": "$.execution.error = null"}],
        workflow="fulfil",
    )

    assert keys(told["added"]) == {"workflows/fulfil/tasks/charge/on-exit/Logger:b"}
    assert [one["entry"] for one in told["left_alone"]] == ["ship"]
    shown = client.workbooks.get("orders")
    assert shown["made_by_api"] == [
        "services/Logger",
        "services/Logger/actions/a",
        "services/Logger/actions/b",
        "workflow/on-enter",
        "workflows/fulfil/tasks/charge/on-exit",
    ]
    assert len(shown["listeners"]) == 2

    told = client.workbooks.remove_piece(
        "orders", "tasks/charge/on-exit", workflow="fulfil"
    )
    assert len(told["removed"]) == 1
    client.workbooks.remove_piece("orders", "workflow/on-enter")
    client.workbooks.remove_piece("orders", "services/Logger/actions/b")
    client.workbooks.remove_piece("orders", "services/Logger")
    assert client.workbooks.get("orders")["workbook"] == {"name": "orders"}
    assert list(client.listeners.find()) == []


@pytest.mark.parametrize(
    ("place", "piece", "status", "detail"),
    [
        ("tasks/charge/on-exit", "Logger:c", 422, "has no action c"),
        ("tasks/charge/on-exit", [], 422, "names no Service:action; DELETE"),
        ("tasks/charge/on-exit", "ship", 422, "names no Service:action; DELETE"),
        ("tasks/charge/on-leave", "Logger:a", 422, "moment: must be 'on-enter'"),
        ("services/std", LOGGER, 422, "services.std: is the engine's own"),
        ("services/X", {"type": "FTP"}, 422, "services.X.type: must be HTTP or AMQP"),
        ("services/X/actions/a", {"url": "/"}, 404, "no service X"),
        ("services/Logger/actions/a", {"method": "GET"}, 422, "actions.a.method: must"),
        ("services/Logger/actions/a", {"url": "{$.X}"}, 422, "nothing was given for"),
        ("services/Logger", {**LOGGER, "actions": {}}, 422, "which is no more"),
    ],
    ids=range(10),
)
def test_a_piece_that_cannot_be_is_refused_and_nothing_stored(
    client, place, piece, status, detail
):
    client.workbooks.put_piece(
        "orders", "services/Logger", {**LOGGER, "actions": {"a": "/a"}}
    )
    client.workbooks.put_piece("orders", "workflow/on-enter", "Logger:a")

    with pytest.raises(ClientError) as refused:
        client.workbooks.put_piece("orders", place, piece)

    assert (refused.value.status, detail in refused.value.detail) == (status, True)
    assert client.workbooks.get("orders")["revision"] == 2


def test_a_workflow_that_is_none_is_told_as_one(client):
    with pytest.raises(ClientError, match=r"^workflow: a name has 1 to 255 characters"):
        client.workbooks.put_piece("a", "tasks/b/on-exit", "Logger:a", workflow="")


def test_what_is_called_is_not_taken_away(apply, client):
    apply()

    with pytest.raises(ClientError, match="is called by tasks/charge/on-enter;") as no:
        client.workbooks.remove_piece("orders", "services/Logger/actions/start")

    assert no.value.status == 409


def test_a_piece_of_the_api_is_marked_and_stays_when_the_file_is_applied(apply, client):
    apply()
    client.workbooks.put_piece("orders", "tasks/ship/on-exit", "Logger:success")

    told = apply()

    assert (told["revision"], told["unchanged"]) == (2, len(KEYS) + 1)
    text = client.workbooks.show("orders")
    assert "      # made by the API\n      on-exit: Logger:success\n" in text
    assert text.count("made by the API") == 1
