"""The line as a picture: one SVG, drawn on the server, whose words a screen reader can read too."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_WIDTH, _HEIGHT = 1000, 168
_BOX, _GAP = 176, 30  # five boxes and four arrows fill the width
_TOP, _TALL = 8, 92
_TRAY = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One place an event passes."""

    title: str
    figure: str  # what is there now
    says: str  # under the figure: age, or what has passed
    tray: str = ""  # what was set aside here
    is_late: bool = False
    has_parked: bool = False

    @property
    def words(self) -> str:
        """The same as a sentence."""
        late = ", late" if self.is_late else ""
        tray = f", {self.tray}" if self.tray else ""
        return f"{self.title}: {self.figure} {self.says}{tray}{late}"


def picture(stages: Sequence[Stage]) -> str:
    """Draw *stages* from left to right."""
    words = escape("; ".join(stage.words for stage in stages))
    drawn = "".join(_stage(number, stage) for number, stage in enumerate(stages))
    arrows = "".join(_arrow(number) for number in range(1, len(stages)))
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-labelledby="line-t line-d">'
        f'<title id="line-t">The line from sources to charts</title>'
        f'<desc id="line-d">{words}.</desc>{arrows}{drawn}</svg>'
    )


def _left(number: int) -> int:
    return number * (_BOX + _GAP)


def _stage(number: int, stage: Stage) -> str:
    left, middle = _left(number), _left(number) + _BOX // 2
    state = " late" if stage.is_late else ""
    mark = "! " if stage.is_late else ""
    box = (
        f'<rect class="box{state}" x="{left + 1}" y="{_TOP}" width="{_BOX - 2}" height="{_TALL}"'
        ' rx="10"/>'
        f'<text class="name" x="{middle}" y="{_TOP + 23}">{escape(stage.title)}</text>'
        f'<text class="figure{state}" x="{middle}" y="{_TOP + 58}">'
        f"{mark}{escape(stage.figure)}</text>"
        f'<text class="says" x="{middle}" y="{_TOP + 80}">{escape(stage.says)}</text>'
    )
    return box + (_tray(left, middle, stage) if stage.tray else "")


def _tray(left: int, middle: int, stage: Stage) -> str:
    top = _TOP + _TALL + 20
    state = " parked" if stage.has_parked else ""
    return (
        f'<path class="flow" d="M{middle} {_TOP + _TALL}v16" marker-end="url(#tip)"/>'
        f'<rect class="tray{state}" x="{left + 18}" y="{top}" width="{_BOX - 36}"'
        f' height="{_TRAY}" rx="6"/>'
        f'<text class="says{state}" x="{middle}" y="{top + 25}">{escape(stage.tray)}</text>'
    )


def _arrow(number: int) -> str:
    start = _left(number) - _GAP + 3
    tip = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="7"'
        ' markerHeight="7" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>'
        if number == 1
        else ""
    )
    middle = _TOP + _TALL // 2
    return f'{tip}<path class="flow" d="M{start} {middle}h{_GAP - 8}" marker-end="url(#tip)"/>'
