"""
The real service with a delivery schedule of seconds: `python -m tests.crash.shortened serve ...`.

An EHR that is down for twenty seconds then stands for one that is down for a day.
"""

from datetime import timedelta

from marrowd.__main__ import main
from marrowd.work import retrying

if __name__ == "__main__":
    retrying.SCHEDULE = tuple(timedelta(seconds=s) for s in (0.5, 1, 2, 3, 4, 5, 5, 5, 5))
    main()
