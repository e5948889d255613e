"""
The year as a person would want to read it: in colour in a terminal, plain text anywhere else.

Lines are made to fit; only a card's own text is broken into lines, at the page's width. Nothing is
printed that the service, the EHR or the patient file did not say.
"""

import textwrap
from collections.abc import Sequence
from datetime import datetime
from statistics import median
from typing import Final, TextIO

from rich.console import Console, Group
from rich.markdown import Markdown
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from marrowd.demo.received import POSTED, REPLACED, RETRACTED, Card, CardInbox
from marrowd.demo.replay import Came, Replayed
from marrowd.demo.year import Entry, Patient

WIDTH: Final = 100  # columns, when there is no terminal to ask
_TOLD: Final = 56  # columns of what arrived
_STYLES: Final = {
    "warning": "bold yellow",
    "info": "bold cyan",
    POSTED: "green",
    REPLACED: "cyan",
    RETRACTED: "magenta",
}
_LET_GO: Final = {
    "duplicate": "known already",
    "older_version": "older version, let go",
    "not_relevant": "not relevant, let go",
    "type": "not used, let go",
}


class Show:
    """Prints to *file* what the EHR that keeps *cards* saw."""

    def __init__(self, file: TextIO, cards: CardInbox) -> None:
        self._cards = cards
        self.is_rich = file.isatty()
        self._console = Console(
            file=file,
            width=None if self.is_rich else WIDTH,
            force_terminal=self.is_rich,
            highlight=False,
            emoji=False,
        )
        self._width = min(self._console.width, WIDTH)

    def say(self, line: str = "", style: str = "") -> None:
        """Print one line as it is."""
        self._console.print(Text(line, style=style), soft_wrap=True)

    def heading(self, patients: int, notices: int, *, service: str, ehr: str) -> None:
        """Say what is about to be seen."""
        self.say("marrowd: low vitamin D and marrow edema of the foot, read together", "bold")
        self.say(
            f"A synthetic year of {patients} patients: {notices} notifications go from a stand-in "
            "EHR to the service,"
        )
        self.say("one after the other; every verdict is as of today. All people are made up.")
        self.say(f"service {service}   EHR {ehr}", "dim")

    def patient(self, patient: Patient, replayed: Replayed, shown: Sequence[Card]) -> None:
        """Print what arrived for one patient, what came of it and what a clinician sees."""
        verdict = replayed.verdict_of(patient)
        self.say()
        if self.is_rich:
            title = Text.assemble((patient.name, "bold"), (f"  {patient.about}", "dim"))
            self._console.print(Rule(title, align="left", style="dim"), width=self._width)
        else:
            self.say(f"{patient.name}, {patient.about}")
        self.say(f"  {patient.shows}", "italic")
        for entry, came in replayed.arrivals.get(patient.id, ()):
            self._arrival(entry, came)
        if not shown:
            self._wrapped(f"No card ({verdict}). {patient.known}", indent="  ", style="dim")
        for card in shown:
            self._card(card, verdict, patient)

    def summary(self, patients: int, replayed: Replayed, *, took_s: float) -> None:
        """Give the counts in a line, the median lag from event to card, and the seconds of all."""
        acts = [message.act for message in self._cards.all()]
        lag_ms = 1000 * median(replayed.lags_s) if replayed.lags_s else 0.0
        self.say()
        self.say(
            f"{patients} patients, {replayed.notices} events ({replayed.duplicates} duplicates); "
            f"cards {acts.count(POSTED)} posted, {acts.count(REPLACED)} replaced, "
            f"{acts.count(RETRACTED)} retracted; lag {lag_ms:.0f} ms; {took_s:.1f} s",
            "bold",
        )

    def _arrival(self, entry: Entry, came: Came | None) -> None:
        when = _day(entry.sent if came else entry.at)
        line = Text(f"  {when}  {entry.told:<{_TOLD}} ")
        line.append_text(_outcome(came))
        self._console.print(line, soft_wrap=True)
        for message in came.messages if came else ():
            for former in message.retracts:
                card = self._cards.card(former)
                if card is not None:
                    said = f"{message.act}: {card['summary']}"
                    self._wrapped(said, indent=" " * 10, style=_STYLES[message.act])

    def _card(self, card: Card, verdict: str, patient: Patient) -> None:
        indicator = str(card["indicator"])
        line = f"{indicator.upper()} ({verdict}): {card['summary']}"
        detail = str(card["detail"])
        if patient.is_whole:
            self._whole(card, line, detail)
            return
        self._wrapped(line, indent="  ", style=_STYLES[indicator])
        if patient.quote:
            told = next((p for p in detail.split("\n\n") if patient.quote in p), "")
            self._wrapped(told.replace("**", ""), indent="    | ", style="dim")

    def _whole(self, card: Card, line: str, detail: str) -> None:
        suggestions = [str(suggestion["label"]) for suggestion in card.get("suggestions", ())]
        reasons = [str(reason["display"]) for reason in card.get("overrideReasons", ())]
        ending = [f"Suggested: {label}" for label in suggestions]
        ending.append(f"Reasons to set it aside: {', '.join(reasons).lower()}")
        style = _STYLES[str(card["indicator"])]
        if self.is_rich:
            body = Group(
                Text(line, style=style),
                Text(),
                Markdown(detail, hyperlinks=False),
                Text(),
                *(Text(one, style="dim") for one in ending),
            )
            self._console.print(Panel(body, border_style=style), width=self._width)
            return
        self._wrapped(line, indent="  ")
        for paragraph in [*detail.split("\n"), "", *ending]:
            self._wrapped(paragraph, indent="    | ")

    def _wrapped(self, text: str, *, indent: str, style: str = "") -> None:
        """Print a text in lines of the page's width; an empty one is a line too."""
        lines = textwrap.wrap(
            text,
            self._width,
            initial_indent=indent,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in lines or [indent.rstrip()]:
            self.say(line, style)


def _outcome(came: Came | None) -> Text:
    if came is None:
        return Text("(in the chart)", style="dim")
    if not came.verdict:
        return Text(_LET_GO.get(came.ignored[0], came.ignored[0]) if came.ignored else "", "dim")
    said = Text(came.verdict)
    for message in came.messages:
        said.append(", ").append(f"card {message.act}", style=_STYLES[message.act])
    return said


def _day(at: datetime) -> str:
    return at.strftime("%d %b")
