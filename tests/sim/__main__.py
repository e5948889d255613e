"""
Run many seeds: `python -m tests.sim [COUNT [FIRST]]`; COUNT 1 shows the history of seed FIRST.

Prints the first seeds that fail with their histories; exit code 1 when one did.
"""

import sys
import time
from collections.abc import Sequence

from tests.sim.many import outcomes
from tests.sim.run import simulate

_SHOWN = 3


def main(words: Sequence[str]) -> int:
    """Run them."""
    count = int(words[0]) if words else 200
    first = int(words[1]) if len(words) > 1 else 0
    if count == 1:
        came = simulate(first)
        sys.stdout.write(f"{came}\n")
        return 1 if came.wrong else 0
    began = time.monotonic()
    failed: list[int] = []
    acked = crashes = taken = steps = 0
    for came in outcomes(range(first, first + count)):
        acked, crashes = acked + came.acked, crashes + came.crashes
        taken, steps = taken + came.taken, steps + came.steps
        if came.wrong:
            failed.append(came.seed)
            if len(failed) <= _SHOWN:
                sys.stdout.write(f"{came}\n\n")
    took = time.monotonic() - began
    sys.stdout.write(
        f"{count} seeds in {took:.0f} s: {len(failed)} failed {failed[:20]}; {acked} events"
        f" acknowledged, {taken} messages, {crashes} crashes, {steps} steps\n"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
