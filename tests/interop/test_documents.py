# SPDX-License-Identifier: Apache-2.0
"""The documents that describe the bridge are what they say they are."""

import json

import yaml

from tests.generated import ROOT
from tests.interop import environment


def test_the_description_of_the_api_is_openapi_3_1():
    document = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))

    assert document["openapi"].startswith("3.1")
    assert environment.python("openapi.py", document) == []


def test_a_broken_description_of_the_api_is_noticed():
    document = json.loads((ROOT / "docs/openapi.json").read_text("utf-8"))
    del document["info"]["version"]

    assert environment.python("openapi.py", document)


def test_the_description_of_the_exchange_is_asyncapi_3():
    document = yaml.safe_load((ROOT / "docs/asyncapi.yaml").read_text("utf-8"))

    read = environment.node("asyncapi.mjs", document)

    assert (read["errors"], read["version"]) == ([], "3.0.0")
    assert set(read["messages"]) == set(document["components"]["messages"])


def test_a_broken_description_of_the_exchange_is_noticed():
    document = yaml.safe_load((ROOT / "docs/asyncapi.yaml").read_text("utf-8"))
    document["operations"]["tellTasks"]["action"] = "shout"

    assert environment.node("asyncapi.mjs", document)["errors"]
