"""
The real service with a delivery schedule of seconds: `python -m tests.crash.shortened serve ...`.

An EHR that is down for twenty seconds then stands for one that is down for a day. Beside the
configuration it writes, once a second, how many tasks its event loop knows.
"""

import asyncio
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

from marrowd.__main__ import main
from marrowd.work import retrying


def _count(file: Path) -> None:
    known = asyncio.tasks._all_tasks  # type: ignore[attr-defined]
    while True:
        file.write_text(str(len(known)), encoding="ascii")
        time.sleep(1)


if __name__ == "__main__":
    counted = Path(sys.argv[-1]).with_name("tasks")
    threading.Thread(target=_count, args=(counted,), daemon=True).start()
    retrying.SCHEDULE = tuple(timedelta(seconds=s) for s in (0.5, 1, 2, 3, 4, 5, 5, 5, 5))
    main()
