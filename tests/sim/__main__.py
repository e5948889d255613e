"""
Run many seeds: `python -m tests.sim [COUNT] [FIRST]`, or one and see its history: `... -- 1 SEED`.

Prints every seed that fails with its history; exit code 1 when one did.
"""

import sys
import time
from collections.abc import Sequence

from tests.sim.run import simulate

_SHOWN = 3


def main(words: Sequence[str]) -> int:
    """Run them."""
    count, first = (int(word) for word in [*words, "200", "0"][:2] if word) if words else (200, 0)
    began = time.monotonic()
    failed, acked, crashes, taken, steps = [], 0, 0, 0, 0
    for seed in range(first, first + count):
        came = simulate(seed)
        acked, crashes = acked + came.acked, crashes + came.crashes
        taken, steps = taken + came.taken, steps + came.steps
        if came.wrong:
            failed.append(seed)
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
