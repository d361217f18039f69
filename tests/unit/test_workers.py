# SPDX-License-Identifier: Apache-2.0
"""Jobs in threads: how many, how long, and what when one fails."""

import threading
import time
from functools import partial

import pytest

from bridge.callbacks.workers import Workers

PATIENCE_SECONDS = 5


@pytest.fixture
def workers():
    workers = Workers(2, "test-worker")
    yield workers
    workers.close(PATIENCE_SECONDS)


def ours():
    return [one for one in threading.enumerate() if one.name.startswith("test-worker")]


def test_every_job_runs_in_at_most_so_many_threads(workers):
    names, all_ran = [], threading.Semaphore(0)

    def job():
        names.append(threading.current_thread().name)
        all_ran.release()

    for _ in range(50):
        workers.run(job)
    for _ in range(50):
        assert all_ran.acquire(timeout=PATIENCE_SECONDS)

    assert set(names) <= {"test-worker-1", "test-worker-2"}


def test_a_thread_that_is_free_is_used_again(workers):
    for _ in range(3):
        ran = threading.Event()
        workers.run(ran.set)
        assert ran.wait(PATIENCE_SECONDS)
        while not workers._idle._value:
            assert ours()

    assert len(ours()) == 1


def test_a_job_that_fails_is_logged_and_ends_nothing(workers, caplog):
    ran = threading.Event()
    for _ in range(3):
        workers.run(partial(int, "no number"))
    workers.run(ran.set)

    assert ran.wait(PATIENCE_SECONDS)
    assert "no number" in caplog.text


def test_closing_waits_no_longer_than_it_was_told(workers):
    may_end = threading.Event()
    workers.run(partial(may_end.wait, PATIENCE_SECONDS))
    started = time.monotonic()
    workers.close(0.1)

    assert time.monotonic() - started < 1
    assert all(thread.daemon for thread in ours())
    may_end.set()


def test_closing_ends_the_threads(workers):
    ran = threading.Event()
    workers.run(ran.set)
    workers.close(PATIENCE_SECONDS)

    assert ran.is_set()
    assert ours() == []
