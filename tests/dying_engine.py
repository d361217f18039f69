# SPDX-License-Identifier: Apache-2.0
"""An engine that is killed at many points around its commits.

``python -m tests.dying_engine URL POINTS`` lets a process of its own die at each point:
at a call of a Python or C function, counted from the first statement to the end of the
last commit. As many die at a moment of time, within whatever they call. Each does pieces
of work with their events, and every second piece is rolled back.
"""

import itertools
import os
import signal
import sys

from sqlalchemy import create_engine

from tests.outboxes import EngineDatabase, numbered, sync_url

NAME = "dying engine"
"""What PostgreSQL knows it by."""

MILLISECOND = 0.001


def events_of(name):
    """Return the events that tell of a piece of work."""
    return [numbered(n, name) for n in range(2)]


def work(engine, life, pieces):
    """Do pieces of work; the odd ones are committed."""
    for piece in pieces:
        stands = piece % 2 == 1
        name = f"{life} {piece} {'stands' if stands else 'lost'}"
        with engine.engine.connect() as connection:
            connection.execute(engine.do(name))
            engine.outbox.add(connection, *events_of(name))
            if stands:
                connection.commit()


def connected(url):
    """Return an engine of this process's own, that has a connection at hand."""
    engine = EngineDatabase(url)
    parsed = sync_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.update_query_dict({"application_name": NAME})
    engine.engine = create_engine(parsed)
    engine.engine.connect().close()
    return engine


def live_for_calls(url, life, limit):
    """Work until that many calls were made; return how many it took, if it took less."""
    engine = connected(url)
    calls = 0

    def count(*_):
        nonlocal calls
        calls += 1
        if calls == limit:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)
    work(engine, life, range(1, 4))
    sys.setprofile(None)
    engine.engine.dispose()
    return calls


def live_for_time(url, life, seconds):
    """Work until the system ends this process."""
    engine = connected(url)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends it, without a word
    signal.setitimer(signal.ITIMER_REAL, seconds)
    work(engine, life, itertools.count(1))


def dies(live, *args):
    """Let a process of its own live; tell whether it was killed."""
    child = os.fork()
    if not child:
        live(*args)
        os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def main(url, points):
    """Let the processes live and die, one after the other."""
    live_for_calls(url, "warm", None)  # all that is done only once is done now
    total = live_for_calls(url, "whole", None)
    died = 0
    for number in range(points):
        limit = 1 + number * total // points
        died += dies(live_for_calls, url, f"call {number}", limit)
        moment = (1 + number) * MILLISECOND
        died += dies(live_for_time, url, f"time {number}", moment)
    sys.stdout.write(f"{died}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
