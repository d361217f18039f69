# SPDX-License-Identifier: Apache-2.0
"""Within Mistral's notifier process, over its own broker; what it hands over twice."""

import pytest

ENDS_WELL = ["started", "succeeded"]
TWICE = "[engine]\nstart_subworkflows_via_rpc = True\n"


@pytest.fixture(scope="module")
def remote(staged):
    """A Mistral whose notifier tells, in which a sub-workflow has every publisher twice."""
    components = ("engine", "executor", "api", "notifier")
    with staged(components=components, kind="remote", settings=TWICE) as stage:
        yield stage


def test_the_notifier_process_tells_all_that_happens(remote):
    story = {
        "": ["started", "failed"],
        "flaky": ["started", "failed", "delayed"] * 2 + ["started", "failed"],
    }

    execution = remote.mistral.finish("retried", state="ERROR")

    assert remote.bus.hears(execution, story) == story
    assert remote.hook.hears(execution, story) == story


def test_what_mistral_hands_over_twice_is_told_once(remote):
    outer = remote.mistral.finish("outer")
    remote.bus.hears(outer, {"": ENDS_WELL, "call": ENDS_WELL})
    (inner,) = {
        one.execution_id
        for one in remote.bus.events
        if one.data["execution"].get("root_id") == outer and one.execution_id != outer
    }
    story = {"": ENDS_WELL, "work": ENDS_WELL}

    assert remote.bus.hears(inner, story) == story
    assert remote.hook.hears(inner, story) == story
    assert remote.mistral.said("notifier").count(f"'id': '{inner}'") == len(ENDS_WELL)
    assert remote.mistral.publishers(inner) == [{"type": "amqp"}] * 2
    ids = [one.id for one in remote.bus.of(inner)]
    assert len(ids) == len(set(ids)) == 4
