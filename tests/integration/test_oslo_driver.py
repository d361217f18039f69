# SPDX-License-Identifier: Apache-2.0
"""A service of OpenStack emits notifications with our driver, through real oslo.messaging."""

import time
from datetime import UTC, datetime

import oslo_messaging
import pytest
from oslo_context.context import RequestContext

from notifier.topology import EXCHANGE
from tests.hosts import configuration
from tests.openstack import bound, emitter, transport_url

DRIVER = ("[oslo_messaging_notifications]", "driver = workflow_events")
NOBODY = "rabbit://me:secret@127.0.0.1:9/"
SLACK_SECONDS = 0.6


class Serializer(oslo_messaging.NoOpSerializer):
    """As services have it: a context travels as what it says of itself."""

    def serialize_context(self, context):
        return context.to_dict()


@pytest.fixture
def service(tmp_path, amqp_url):
    """Return the configuration of a service on this broker, with our driver."""

    def configure(*lines, url=None):
        url = transport_url(amqp_url) if url is None else url
        return configuration(tmp_path, *DRIVER, *lines, transport_url=url)

    return configure


@pytest.fixture
def get(amqp_url):
    with bound(amqp_url, EXCHANGE, "task.*.acme.#") as get:
        yield get


def test_what_a_service_emits_is_an_event_on_our_exchange(service, get):
    began = datetime.now(UTC)
    with emitter(service(), serializer=Serializer()) as emit:
        context = RequestContext(
            request_id="req-1", global_request_id="req-0", project_id="acme"
        )
        emit.error(context, "compute.instance.create.error", {"instance_id": "i1"})

    event = get()
    assert event.type == "task.compute-instance-create-error"
    assert event.source == "compute.host-1"
    assert began <= event.time <= datetime.now(UTC)
    assert event.data == {
        "engine": "compute",
        "workbook": "compute",
        "project": "acme",
        "execution": {"id": "req-1", "root_id": "req-0"},
        "task": {"name": "compute.instance.create.error"},
        "priority": "ERROR",
        "payload": {"instance_id": "i1"},
    }


def test_a_context_may_come_as_an_object_and_a_payload_with_times(service, get):
    with emitter(service()) as emit:
        context = RequestContext(request_id="req-1", project_id="acme")
        emit.info(context, "image.upload", {"at": datetime(2026, 11, 24, tzinfo=UTC)})

    event = get()
    assert event.execution_id == "req-1"
    assert event.data["payload"] == {"at": "2026-11-24T00:00:00.000000"}


def test_the_section_of_our_own_names_broker_exchange_and_project(service, amqp_url):
    conf = service(
        "[workflow_notifier]",
        f"url = {amqp_url}",
        "exchange = billing",
        "project = shop",
        url="rabbit://me:secret@127.0.0.1:9/",
    )

    with bound(amqp_url, "billing", "task.*.shop.volume.#") as get:
        with emitter(conf, publisher_id="volume.host-1") as emit:
            emit.info({}, "volume.create.start", {})
        assert get().data["task"] == {"name": "volume.create.start"}


@pytest.mark.parametrize(
    ("retry", "limit", "seconds"),
    [(0, 30, (0, 0)), (2, 30, (0, 1)), (-1, 1.5, (1.5, 1.5)), (1000, 1.5, (1.5, 1.5))],
)
def test_a_service_waits_as_long_as_its_retries_and_our_limit_allow(
    service, caplog, retry, limit, seconds
):
    least, most = seconds
    conf = service("[workflow_notifier]", f"timeout_seconds = {limit}", url=NOBODY)
    with emitter(conf, retry=retry) as emit:
        began = time.monotonic()
        emit.info({}, "image.upload", {"secret": "of the payload"})
        took = time.monotonic() - began

    assert least <= took < most + SLACK_SECONDS
    (told,) = [one for one in caplog.records if one.name.startswith("notifier.engines")]
    assert told.getMessage() == "notification not published"
    assert told.type == "image.upload"
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("url", "lines", "fault"),
    [
        (
            NOBODY,
            ["exchange = x", "timeout_seconds = soon"],
            "timeout_seconds must be a number from 0.1 to 3600",
        ),
        (
            "fake://",
            [],
            "url is missing, and the service's own transport is no RabbitMQ",
        ),
    ],
    ids=["wrong", "missing"],
)
def test_a_service_starts_though_our_settings_are_wrong(
    service, caplog, url, lines, fault
):
    conf = service("[workflow_notifier]", *lines, url=url)

    with emitter(conf) as emit:
        emit.info({}, "image.upload", {})

    assert "Could not load" in caplog.text
    assert f"[workflow_notifier] {fault}" in caplog.text
