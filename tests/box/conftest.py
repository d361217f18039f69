# SPDX-License-Identifier: Apache-2.0
"""The box, made once: what the Dockerfile makes, outside Docker."""

import re

import pytest
import yaml

from tests.box.dockerfile import Box, instructions
from tests.pages import ROOT

VARIABLE = re.compile(r"\$\{(\w+):\?[^}]*\}")


@pytest.fixture(scope="session")
def stages():
    return instructions((ROOT / "Dockerfile").read_text("utf-8"))


@pytest.fixture(scope="session")
def image(stages, tmp_path_factory):
    """What the Dockerfile makes; its commands are in `image.commands`."""
    building, final = stages
    first = Box(tmp_path_factory.mktemp("build"), ROOT)
    first.follow(building)
    box = Box(tmp_path_factory.mktemp("image"), ROOT)
    box.follow(final, before=first)
    return box


@pytest.fixture(scope="session")
def compose():
    """The services of the compose file, with passwords that fit."""
    text = (ROOT / "compose.yaml").read_text("utf-8")
    values = {
        "RABBITMQ_PASSWORD": "of-the-broker",
        "POSTGRES_PASSWORD": "of-the-database",
        "BRIDGE_KEY": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    }
    return yaml.safe_load(VARIABLE.sub(lambda found: values[found[1]], text))[
        "services"
    ]
