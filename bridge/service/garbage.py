# SPDX-License-Identifier: Apache-2.0
"""How often the bridge looks for garbage that refers to itself.

Python looks whenever it has made 700 objects more than it let go, as if each of them
could be garbage. Here they are events on their way, let go by themselves once they are
recorded: looking takes a tenth of the processor time, and finds next to nothing.
"""

import gc
from typing import Final

# About what 500 events on their way are made of; a few megabytes, were it garbage.
_OBJECTS: Final = 50_000
_YOUNG_LOOKS: Final = 20


def look_seldom() -> None:
    """Look after so many new objects; leave alone all that was made so far."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS, _YOUNG_LOOKS)
