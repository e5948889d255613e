"""
`screen()` alone: a typical patient in under 50 microseconds, and linear in the number of facts.

The smallest of many rounds is taken: on a shared machine the others measure the neighbours.
"""

import sys
from time import perf_counter

import pytest
from tests.support.notation import NOW, PATIENT, POLICY, RULES, facts, timeline

from marrowd.core.screening import screen
from marrowd.core.timeline import build_timeline

pytestmark = pytest.mark.benchmark

TYPICAL = (
    "result 14 ng/mL @-20",
    "result 31 ng/mL @-300",
    "report @-10 left foot: left talus affirmed, left cuboid affirmed",
    "report @-110 left foot: left talus affirmed",
)


def best_of(rounds, calls, action):
    def once():
        start = perf_counter()
        for _ in range(calls):
            action()
        return (perf_counter() - start) / calls

    return min(once() for _ in range(rounds))


def screened(built):
    return screen(built, policy=POLICY, now=NOW, rules_version=RULES)


def test_typical_patient_takes_less_than_50_microseconds():
    built = timeline(*TYPICAL)

    taken = best_of(30, 100, lambda: screened(built))

    sys.stdout.write(f"\nscreen, 2 results and 2 reports: {taken * 1e6:.1f} us\n")
    assert taken < 50e-6


def many(number):
    """Half results, half reports, spread over two years; every third report is a scan."""
    lines = [
        f"result {10 + n % 30} ng/mL @-{n % 730} at=08:0{n % 10} id={n}" for n in range(number // 2)
    ]
    lines += [
        f"report @-{n % 730} at=09:0{n % 10} left foot{' scan' * (n % 3 == 0)} id={n}: "
        f"left talus {('affirmed', 'negated', 'possible')[n % 3]}"
        for n in range(number // 2)
    ]
    return facts(lines)


@pytest.mark.parametrize("step", ["build", "screen"])
def test_ten_times_the_facts_take_about_ten_times_as_long(step):
    def seconds(number):
        made = many(number)
        if step == "build":
            return best_of(3, 1, lambda: build_timeline(PATIENT, made, policy=POLICY))
        built = build_timeline(PATIENT, made, policy=POLICY)
        return best_of(3, 1, lambda: screened(built))

    few, lots = seconds(1_000), seconds(10_000)

    sys.stdout.write(
        f"\n{step}: 1,000 facts {few * 1e3:.1f} ms, 10,000 facts {lots * 1e3:.1f} ms\n"
    )
    assert lots < 20 * few
