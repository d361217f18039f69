# SPDX-License-Identifier: Apache-2.0
"""What docs/how-to/workbooks.md says of Mistral's own workbooks is true of Mistral."""

import pytest

from tests.acceptance.conftest import COMMANDS
from tests.acceptance.endpoint import Endpoint
from tests.acceptance.terminals import Terminals
from tests.mistral.conftest import WORKBOOKS as PAGE

INVOICES = "yaml invoices.yaml"
FILES = ("orders.yaml", "invoices.yaml")


@pytest.fixture
def endpoint():
    with Endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def here(stage, endpoint):
    """Returns what the page says as it is on this machine."""
    own = {
        "http://127.0.0.1:8989/v2": stage.mistral.url,
        "http://127.0.0.1:9000": endpoint.url_of(""),
    }

    def here(text):
        for there, url in own.items():
            text = text.replace(there, url)
        return text

    return here


@pytest.fixture
def terminal(stage, tmp_path, here):
    for name in FILES:
        (tmp_path / name).write_text(here(PAGE.block(f"yaml {name}")))
    with Terminals(tmp_path, COMMANDS, BRIDGE_URL=stage.bridge.url) as terminals:
        yield terminals


def test_mistral_refuses_members_that_it_does_not_know(stage, here):
    for member in ("services", "listeners"):
        text = here(PAGE.block(INVOICES)).replace("listeners:", f"{member}:")
        answer = stage.mistral.try_to_define(text, "workbooks")

        assert answer.status_code == 400
        assert "Additional properties are not allowed" in answer.text


def test_a_file_of_its_own_calls_what_its_hooks_name(stage, terminal, endpoint, here):
    terminal.run(here(PAGE.block("sh apply")))

    stage.mistral.finish("orders.fulfil")

    assert sorted(endpoint.next().path for _ in range(2)) == ["/start", "/success"]
    terminal.run(PAGE.block("sh delete"))


def test_one_file_serves_mistral_and_the_bridge(stage, terminal, endpoint, here):
    terminal.run(here(PAGE.block("sh mistral")))

    execution = stage.mistral.finish("invoices.send")
    heard = endpoint.next()

    assert heard.path == "/printed"
    assert heard.headers["ce-subject"].startswith(f"executions/{execution}/tasks/")
    well = ["started", "succeeded"]
    story = {"": well, "print": well, "stamp": well}
    assert stage.hook.hears(execution, story) == story
    assert endpoint.is_quiet()
    terminal.run("notifier-bridge workbook-delete invoices")
