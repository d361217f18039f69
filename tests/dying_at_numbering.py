# SPDX-License-Identifier: Apache-2.0
"""``bridge`` in a process that is killed when it is to number a certain event.

``python -m tests.dying_at_numbering …`` takes the arguments of ``bridge``.
"""

import os
import signal
import sys

from bridge.cli import main
from bridge.store.sequences import SequenceStore

DEADLY = "deadly"
"""Id of that event."""


def run():
    """Run the bridge."""
    number = SequenceStore.number

    def die_or_number(store, found, now):
        if any(envelope.event.id == DEADLY for envelope, _ in found):
            os.kill(os.getpid(), signal.SIGKILL)
        number(store, found, now)

    SequenceStore.number = die_or_number
    sys.exit(main())


if __name__ == "__main__":
    run()
