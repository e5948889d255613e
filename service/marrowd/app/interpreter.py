"""
How the interpreter is set for a process that answers within milliseconds while threads compute.

Three of its defaults are for programs that compute. Every full collection looks at each object
that start has made (vocabulary, models, routes: more than 100,000), which takes about 80 ms. The
youngest are looked at again for every few hundred that are made, many times a card, though what
events leave behind is seldom a circle. And a thread that computes is asked only every 5 ms to let
the event loop go on.
"""

import gc
import sys
from typing import Final

YIELD_EVERY_S: Final = 0.001
YOUNG: Final = 50_000  # objects made before the collector looks at them; Python's own is 700


def set_for_answering() -> None:
    """Let what is in memory now stay there for good, look seldom at the rest, and switch sooner."""
    sys.setswitchinterval(YIELD_EVERY_S)
    gc.collect()  # so that no garbage is kept with it
    gc.freeze()
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
