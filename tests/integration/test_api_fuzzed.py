# SPDX-License-Identifier: Apache-2.0
"""Whatever is asked of the API, it answers as its document says."""

from collections import Counter

import pytest

from tests import figures, fuzzing

CASES = 25


@pytest.fixture(scope="module")
def apis(postgres, tmp_path_factory):
    with fuzzing.on_both_databases(postgres, tmp_path_factory.mktemp("api")) as both:
        yield both


@pytest.fixture(scope="module")
def answered():
    answered = Counter()
    yield answered
    figures.note(fuzzing.told(answered))


@pytest.mark.parametrize("name", fuzzing.OPERATIONS)
def test_25_odd_requests_get_no_5xx_and_answers_as_documented(
    apis, answered, name, pytestconfig
):
    start = pytestconfig.getoption("randomly_seed")

    answered.update(fuzzing.try_out(name, CASES, apis, start))
