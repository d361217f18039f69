# SPDX-License-Identifier: Apache-2.0
"""No route of the API can forget to ask who is there."""

import asyncio

import pytest
from fastapi.routing import APIRoute

from bridge.api import roles
from bridge.api.app import build
from bridge.store.database import Database
from tests.served import parts_for

# They show nothing that belongs to a project: descriptions, and sums over all.
OF_NO_PROJECT = {
    *("/docs", "/openapi.json", "/asyncapi.json", "/metrics"),
    *("/schemas/v1", "/schemas/v1/{event_type}.json"),
}


@pytest.fixture(scope="module")
def routes(tmp_path_factory):
    """Every route of the API: method and path, and the route itself."""
    path = tmp_path_factory.mktemp("routes") / "bridge.sqlite3"

    async def all_of_them():
        with Database(f"sqlite:///{path}") as database:
            parts, callbacks = parts_for(database, asyncio.get_running_loop())
            found = list(build(parts).routes)
            for callback in callbacks.values():
                callback.close()
            return found

    return {
        (method, route.path): route
        for route in flat(asyncio.run(all_of_them()))
        for method in route.methods
    }


def flat(routes):
    """Yield every route, those of routers that are included too."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            yield from flat(inner.routes)


def test_every_route_but_the_two_open_ones_needs_a_role(routes):
    shut = {path for method, path in routes if roles.need(method, path) is not None}

    assert len(routes) > 20
    assert {path for _, path in routes} - shut == {"/healthz", "/readyz"}


def test_a_route_that_is_new_needs_a_role():
    assert roles.need("GET", "/v2/whatever").role == "reader"
    assert roles.need("BREW", "/v2/whatever").role == "member"


def test_every_handler_takes_whose_things_are_meant(routes):
    forgetful = [
        f"{method} {path}"
        for (method, path), route in routes.items()
        if path not in roles.OPEN | OF_NO_PROJECT
        if not (isinstance(route, APIRoute) and takes_caller(route.dependant))
    ]

    assert not forgetful, "\n".join(forgetful)


def takes_caller(dependant):
    if dependant.call is roles.access_of:
        return True
    return any(takes_caller(one) for one in dependant.dependencies)
