# SPDX-License-Identifier: Apache-2.0
"""Calls the publisher as Mistral's engine does, in many threads and in a forked child.

``mistral_engine.py THREADS`` prints how many seconds its longest call took, and lives
until its standard input closes.
"""

import os
import sys
import threading
import time
from datetime import UTC, datetime

from notifier.engines.mistral.publisher import MistralPublisher


def main(count):
    threads = [
        threading.Thread(target=tell, args=(f"e{number}",)) for number in range(count)
    ]
    took.append(0.0)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    child = os.fork()
    if child == 0:
        tell("forked")
        sys.stdin.read()
        os._exit(0)
    sys.stdout.write(f"{max(took)}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os.waitpid(child, 0)


took = []


def tell(execution):
    """Build a publisher, as threads do that come first, and tell two events."""
    publisher = MistralPublisher()
    for event, state in (
        ("WORKFLOW_LAUNCHED", "RUNNING"),
        ("WORKFLOW_SUCCEEDED", "SUCCESS"),
    ):
        data = {"id": execution, "state": state, "workflow_name": "w"}
        began = time.monotonic()
        publisher.publish(None, execution, data, event, datetime.now(UTC), exchange="x")
        took.append(time.monotonic() - began)


if __name__ == "__main__":
    main(int(sys.argv[1]))
