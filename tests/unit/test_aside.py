# SPDX-License-Identifier: Apache-2.0
"""What an engine's loop leaves to a thread."""

import threading
from datetime import timedelta

from notifier.engines.celery.aside import MAX_WAITING, Aside

PATIENCE = timedelta(seconds=20)


def test_jobs_are_done_in_their_order_before_it_is_closed():
    done, aside = [], Aside()

    for n in range(100):
        aside.do(lambda n=n: done.append(n))
    aside.close(PATIENCE)

    assert done == list(range(100))


def test_a_job_that_breaks_takes_no_other_with_it(caplog):
    done, aside = [], Aside()

    aside.do(lambda: 1 / 0)
    aside.do(lambda: done.append(1))
    aside.close(PATIENCE)

    assert done == [1]
    assert [r.getMessage() for r in caplog.records] == ["event not published"]


def test_what_is_too_much_is_refused_and_said(caplog):
    aside, may_end, began = Aside(), threading.Event(), threading.Event()
    aside.do(lambda: (began.set(), may_end.wait(20)))
    began.wait(20)

    taken = [aside.do(lambda: None) for _ in range(MAX_WAITING + 1)]
    aside.close(timedelta(seconds=0.01))  # it does not wait for long
    may_end.set()

    assert taken == [True] * MAX_WAITING + [False]
    assert caplog.records[0].fault == "too many are waiting"


def test_closing_what_did_nothing_is_quick():
    Aside().close(PATIENCE)
