# SPDX-License-Identifier: Apache-2.0
"""Where ``openstack workflow listener`` looks for the bridge."""

import pytest

from bridge.cli.openstack.place import known_url
from bridge.client import DEFAULT_URL

SIGNED_IN = {"auth_type": "password", "auth": {"auth_url": "https://identity/v3"}}
OVERRIDE = {"workflow_notifier_endpoint_override": "https://override"}


@pytest.mark.parametrize(
    ("named", "cloud", "url"),
    [
        ("https://named", {**SIGNED_IN, **OVERRIDE}, "https://named"),
        (None, {**SIGNED_IN, **OVERRIDE}, "https://override"),
        (None, SIGNED_IN, None),
        ("", SIGNED_IN, None),
        (None, {"auth": {}, "auth_url": "https://identity/v3"}, None),
        (None, {"auth_type": "password", "auth": {}}, DEFAULT_URL),
        (None, {}, DEFAULT_URL),
        (None, {**SIGNED_IN, "auth_type": "none"}, DEFAULT_URL),
    ],
    ids=[
        "named",
        "override",
        "catalog",
        "empty name",
        "catalog by option",
        "no cloud",
        "nothing",
        "no sign-in",
    ],
)
def test_the_first_place_that_is_known_is_taken(named, cloud, url):
    assert known_url(named, cloud) == url
