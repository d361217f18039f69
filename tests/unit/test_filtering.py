# SPDX-License-Identifier: Apache-2.0
"""What `notifier tail` shows, of all that comes."""

import pytest

from notifier.cli.filtering import Filter
from notifier.errors import InvalidEvent
from tests.pages import event_for

CHARGE = event_for("task.failed.acme.orders.fulfil.charge")
START = event_for("execution.started.acme.orders.fulfil")


def wanted(*events, errors_only=False, **names):
    return Filter.of(events, errors_only=errors_only, **names)


def test_without_a_wish_all_is_shown():
    assert wanted().takes_all
    assert wanted().accepts(CHARGE)


@pytest.mark.parametrize(
    "one",
    [
        wanted("TASK"),
        wanted("on-execution-start", "on-task-error"),
        wanted(project="acme"),
        wanted(workbook="ord*", workflow="fulfil"),
        wanted(execution="e1"),
        wanted(task="ch*"),
    ],
)
def test_what_has_all_that_is_asked_for_is_shown(one):
    assert one.accepts(CHARGE)
    assert not one.takes_all


@pytest.mark.parametrize(
    "one",
    [
        wanted("EXECUTION"),
        wanted("TASK", project="other"),
        wanted(workbook="bills"),
        wanted(execution="e2"),
        wanted(task="ship"),
        wanted(errors_only=True),
    ],
)
def test_what_lacks_one_thing_is_left_out(one):
    assert not one.accepts(CHARGE)


def test_an_execution_is_no_task():
    assert not wanted(task="*").accepts(START)


def test_a_name_that_nobody_knows_is_refused_with_one_that_is_near():
    with pytest.raises(InvalidEvent, match="did you mean on-task-error"):
        wanted("on-task-eror")
