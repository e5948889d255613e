"""
How the interpreter is set for a process that answers within milliseconds while threads compute.

Two of its defaults are for programs that compute. Every full collection looks at each object that
start has made (vocabulary, models, routes: more than 100,000), which takes about 80 ms; and a
thread that computes is asked only every 5 ms to let the event loop go on.
"""

import gc
import sys
from typing import Final

YIELD_EVERY_S: Final = 0.001


def set_for_answering() -> None:
    """Let what is in memory now stay there for good, and threads make way sooner."""
    sys.setswitchinterval(YIELD_EVERY_S)
    gc.collect()  # so that no garbage is kept with it
    gc.freeze()
