# SPDX-License-Identifier: Apache-2.0
"""A browser, a bridge to look at, and an endpoint that it tells."""

import pytest
from playwright.sync_api import sync_playwright

from bridge.client import BridgeClient
from tests.acceptance.endpoint import Endpoint
from tests.bridges import BridgeProcess
from tests.browser.install import chromium
from tests.browser.visitor import Visitor

SIZE = {"width": 1200, "height": 820}


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as tools:
        # Chromium's own sandbox cannot be had by root, as whom CI runs.
        options = {"executable_path": chromium(), "args": ["--no-sandbox"]}
        browser = tools.chromium.launch(**options)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def bridge(tmp_path_factory):
    with BridgeProcess(tmp_path_factory.mktemp("bridge")) as bridge:
        yield bridge


@pytest.fixture
def visit(browser, bridge):
    """Return somebody who looks at a bridge; whatever they notice fails the test."""
    contexts, visitors = [], []

    def visit(url=bridge.url, **options):
        options = {"viewport": SIZE, **options}
        contexts.append(browser.new_context(**options))
        visitors.append(Visitor(contexts[-1], url))
        return visitors[-1]

    yield visit
    for context in contexts:
        context.close()
    assert [one for visitor in visitors for one in visitor.complaints] == []


@pytest.fixture
def visitor(visit):
    return visit()


@pytest.fixture
def endpoint():
    with Endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def client(bridge):
    with BridgeClient(bridge.url) as client:
        yield client
