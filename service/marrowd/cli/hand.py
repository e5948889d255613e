"""What one process of `marrowd screen` does: gather rows from input, and turn jobs into lines."""

from collections.abc import Iterable
from typing import NamedTuple

from marrowd.cli.gathered import Gathered
from marrowd.cli.inputs import Stretch, documents
from marrowd.cli.intake import Intake, only_names_a_patient
from marrowd.cli.screening import Job, Screener, Terms
from marrowd.errors import BadInput


class Judged(NamedTuple):
    """The lines of some patients, and what has to be reported with them."""

    lines: bytes
    told: tuple[str, ...]


class Hand:
    """One of them."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._screener = Screener(terms)

    def prepare(self) -> None:
        """Load what is only loaded when it is needed."""
        self._screener.prepare()

    def gather(self, stretch: Stretch) -> Gathered:
        """
        Gather what a stretch of input holds.

        Raises:
            BadInput: it is not whole, or two servers use one Patient id; the message names the
                file.
        """
        gathered = Gathered()
        intake = Intake(gathered, codes=self._terms.codes, zone=self._terms.policy.zone)
        for place, document in documents(stretch, is_inexact_enough=only_names_a_patient):
            try:
                intake.take(document)
            except BadInput as exc:
                message = f"{place}: {exc}"
                raise BadInput(message) from None
        return gathered

    def judge(self, jobs: Iterable[Job]) -> Judged:
        """Give the lines of some patients."""
        found = [self._screener.line(job) for job in jobs]
        return Judged(
            lines=b"".join(line for line, _ in found),
            told=tuple(told for _, several in found for told in several),
        )
