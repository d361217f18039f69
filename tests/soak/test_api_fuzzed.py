# SPDX-License-Identifier: Apache-2.0
"""Whatever is asked of the API, and however often, it answers as its document says."""

from collections import Counter

import pytest

from tests import fuzzing


@pytest.fixture(scope="module")
def apis(postgres, tmp_path_factory):
    with fuzzing.on_both_databases(postgres, tmp_path_factory.mktemp("api")) as both:
        yield both


@pytest.fixture(scope="module")
def answered():
    return Counter()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", fuzzing.OPERATIONS)
def test_500_odd_requests_get_no_5xx_and_answers_as_documented(
    apis, answered, name, extent, note
):
    cases = 50 if extent.is_short else 500

    answered.update(fuzzing.try_out(name, cases, apis, extent.seed))

    note(fuzzing.told(answered))
