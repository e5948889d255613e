"""
Patient records that were merged: whose evidence is whose now.

Facts keep the patient they name. Who stands for whom is asked when a decision is made, from the
links as they are then, so neither the order of arrival nor a merge that is taken back leaves a
trace.
"""

from collections.abc import Iterable, Mapping


def survivor(patient: str, links: Mapping[str, str]) -> str:
    """
    Give the record that stands for *patient*.

    Args:
        patient: "Patient/1".
        links: by merged record, the record it was merged into.

    Of records that are merged in a circle the smallest stands for all.
    """
    seen = [patient]
    while (following := links.get(seen[-1])) is not None:
        if following in seen:
            return min(seen[seen.index(following) :])
        seen.append(following)
    return seen[-1]


def groups(patients: Iterable[str], links: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Give, by the record that stands for them, all records among *patients* and *links*."""
    found: dict[str, list[str]] = {}
    for one in sorted({*patients, *links, *links.values()}):
        found.setdefault(survivor(one, links), []).append(one)
    return {name: tuple(members) for name, members in found.items()}
