"""
The real service that one report kills: `python -m tests.crash.poisoned serve ...`.

Whoever reads a text with the poison in it ends the whole process at once, as running out of memory
does. A dead process's events are claimed again after three seconds, not after a minute.
"""

import os
import signal
from datetime import timedelta

from marrowd.__main__ import main
from marrowd.core.reader import Reader
from marrowd.work.screening import ScreeningLoop, ScreeningPace

POISON = "Poison for who reads it."
_reads = Reader.read


def _read(self, text, **options):
    if POISON in text:
        os.kill(os.getpid(), signal.SIGKILL)
    return _reads(self, text, **options)


if __name__ == "__main__":
    Reader.read = _read
    ScreeningLoop.__init__.__kwdefaults__["pace"] = ScreeningPace(lease=timedelta(seconds=3))
    main()
