# SPDX-License-Identifier: Apache-2.0
"""What tests of faults hold in their hands, whatever breaks."""

import pytest


@pytest.fixture(params=["in-process", "RabbitMQ"])
def bus_url(request):
    """URL of the bus; None: within the bridge's process."""
    on_rabbitmq = request.param == "RabbitMQ"
    return request.getfixturevalue("amqp_url") if on_rabbitmq else None
