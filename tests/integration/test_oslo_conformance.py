# SPDX-License-Identifier: Apache-2.0
"""The driver for oslo.messaging keeps what can be asked of a service's notifications.

A service knows neither executions nor tasks (docs/adr/0007): what looks for the start,
the success and the failure of a task does not apply.
"""

import uuid
from datetime import timedelta

import pytest
from oslo_context.context import RequestContext

from notifier.engines.conformance import (
    CHECKS,
    PROJECT,
    SECRET,
    TIMEOUT,
    WORKBOOK,
    Bench,
    Ran,
    perform,
)
from notifier.engines.conformance.work import HUGE_RESULT, ODD_RESULT, WORKS
from tests.amqp_bus import AmqpBus
from tests.hosts import configuration
from tests.openstack import emitter, transport_url
from tests.pages import Page

# The driver returns once the broker has an event; how long that takes to come over.
ON_ITS_WAY = timedelta(seconds=0.5)

ROWS = Page("docs/how-to/oslo-messaging.md").table("kept", "not asked of it")
KEPT = [kept for kept, _ in ROWS if kept]


class Service:
    """Does work at one request, and emits when it begins and ends."""

    def __init__(self, emit):
        self._emit = emit

    def run(self, work):
        request = RequestContext(request_id=f"req-{uuid.uuid4()}")
        well = [self._do(work, request, secret=SECRET) for _ in range(work.tasks)]
        return Ran(request.request_id, succeeded=all(well))

    def _do(self, work, request, *, secret):
        assert secret == SECRET
        for attempt in range(1, work.attempts + 1):
            self._emit.info(request, "job.start", {"attempt": attempt})
            try:
                result = perform(work.name, attempt)
            except RuntimeError as err:
                self._emit.error(request, "job.error", {"error": str(err)})
            else:
                self._emit.info(request, "job.end", {"result": result})
                return True
        return False


@pytest.fixture(scope="module")
def bench(rabbit, tmp_path_factory):
    vhost = f"oslo-{uuid.uuid4()}"
    with AmqpBus(rabbit.vhost(vhost)) as bus:
        conf = configuration(
            tmp_path_factory.mktemp("service"),
            *("[oslo_messaging_notifications]", "driver = workflow_events"),
            *("[workflow_notifier]", f"project = {PROJECT}"),
            f"timeout_seconds = {TIMEOUT.total_seconds()}",
            transport_url=transport_url(bus.url),
        )
        with emitter(conf, publisher_id=f"{WORKBOOK}.host-1") as emit:
            yield Bench(Service(emit), bus, patience=ON_ITS_WAY)
    rabbit.drop_vhost(vhost)


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept(name, bench):
    (check,) = [check for check in CHECKS if check.__name__ == name]

    check(bench)


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_every_notification_is_told(work, bench):
    told = bench.told(work)

    last = "job.end" if work.ends_well else "job.error"
    attempts = ["job.start", "job.error"] * (work.attempts - 1) + ["job.start", last]
    assert [event.task_name for event in told.events] == attempts * work.tasks


@pytest.mark.parametrize(
    ("work", "why"),
    [
        (ODD_RESULT, "cannot be written as JSON"),
        (HUGE_RESULT, "bytes long; at most 1 MiB"),
    ],
    ids=["odd", "huge"],
)
def test_a_payload_that_no_event_can_hold_costs_itself(work, why, bench):
    *_, last = bench.told(work).events

    assert why in last.data["payload_omitted"]
    assert "payload" not in last.data


def test_the_page_names_every_check_once():
    named = [name for row in ROWS for name in row if name]

    assert sorted(named) == sorted(check.__name__ for check in CHECKS)
