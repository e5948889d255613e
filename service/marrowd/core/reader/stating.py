"""
Turns what was said into statements: of which bone and side, how certain, and on what evidence.

Sections that state nothing stay silent here, and a correction takes back what stood before it.
"""

from dataclasses import replace
from itertools import compress
from typing import NamedTuple

from marrowd.core.anatomy import Bone, Laterality
from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.evidence import is_kept, without_broad
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.predicates import Predicate
from marrowd.core.reader.sections import Sentence
from marrowd.core.reader.settle import NAMED_BY
from marrowd.core.reader.vocabulary import Kind
from marrowd.core.reader.words import Words
from marrowd.core.reading import Certainty, Section, Statement

_WIDEST = 400
_TURNED = {
    Certainty.AFFIRMED: Certainty.NEGATED,
    Certainty.NEGATED: Certainty.AFFIRMED,
    Certainty.HISTORICAL: Certainty.AFFIRMED,
}
NOT_STATED = frozenset({Section.INDICATION, Section.HISTORY, Section.COMPARISON})
_SILENT = frozenset({Section.TECHNIQUE, Section.RECOMMENDATION})
_APART = NOT_STATED | _SILENT
_ONE_LINE = frozenset({"item", "line", "number", "point", "sentence"})
_MARROW = frozenset({"marrow", "bme", "osseous", "bone"})


class Note(NamedTuple):
    """What became of one thing said, for `explain`."""

    start: int
    end: int
    says: str
    bones: tuple[Bone, ...]
    rules: tuple[str, ...]


class Stating:
    """The statements of one text, and what decides whether a predicate becomes one."""

    __slots__ = (
        "_affirmed",
        "_before",
        "_last_statements",
        "_partial",
        "_stands",
        "_timed",
        "_topic",
        "blocks",
        "is_explained",
        "normal",
        "notes",
        "statements",
        "words",
    )

    words: Words
    statements: list[Statement]
    blocks: list[int]
    normal: list[Laterality | None]
    notes: list[Note]
    is_explained: bool
    _affirmed: set[Bone]
    _topic: bool
    _timed: bool
    _partial: bool
    _stands: bool  # an addendum was taken back
    _before: int
    _last_statements: int

    def _explain(self, kind: Kind) -> None:
        """Take back the edema of the sentence before: "these are typical red marrow"."""
        certainty = Certainty.POSSIBLE if kind is kinds.POSSIBLE else Certainty.NEGATED
        for place in range(self._before, len(self.statements)):
            if self.statements[place].certainty is Certainty.AFFIRMED:
                self.statements[place] = replace(self.statements[place], certainty=certainty)

    def _end(self, bones: set[tuple[Bone, Laterality | None]]) -> None:
        """Turn the edema of the sentence before into one that was: "it is not seen today"."""
        for place in range(self._before, self._last_statements):
            said = self.statements[place]
            named = {(said.bone, said.laterality), (said.bone, None)}
            if said.certainty is Certainty.AFFIRMED and not (bones and named.isdisjoint(bones)):
                self.statements[place] = replace(said, certainty=Certainty.HISTORICAL)

    def _revive(self) -> None:
        """Turn the edema that the sentence before told of once into one that is: "it persists"."""
        for place in range(self._before, self._last_statements):
            said = self.statements[place]
            if said.certainty is Certainty.HISTORICAL:
                self.statements[place] = replace(said, certainty=Certainty.AFFIRMED)
                self._affirmed.add(said.bone)

    def _void(self, sentence: Sentence) -> None:
        """Take back what a correction takes back: all before it, or the sentence before it."""
        here = self.words.words[sentence.first : sentence.last]
        is_added = sentence.section is Section.ADDENDUM
        if is_added and "addendum" in here and "this" not in here:
            self._stands = True
            kept = [not said.replaces for said in self.statements]  # "addendum 1 was in error"
            self.statements[:] = compress(self.statements, kept)
            self.blocks[:] = compress(self.blocks, kept)
        elif "disregarded" in here and not _ONE_LINE.isdisjoint(here):
            return  # "impression item 2 should be disregarded"
        elif "disregarded" in here or "patient" in here:
            self.statements.clear()
            self.blocks.clear()
        elif "read" in here and all(s.replaces == is_added for s in self.statements[-1:]):
            del self.statements[self._last_statements :]
            del self.blocks[self._last_statements :]

    def _state_one(
        self, sentence: Sentence, predicate: Predicate, outside: Laterality, *, contrast: bool
    ) -> None:
        certainty = predicate.certainty()
        if sentence.section in _APART:
            certainty = self._in_section(sentence, certainty, timed=self._timed)
        if self.is_explained:
            self._note(sentence, predicate, certainty)
        if certainty is None or not is_kept(predicate, contrast=contrast, topic=self._topic):
            return
        if not predicate.bones and certainty is Certainty.NEGATED and self._is_whole(predicate):
            self.normal.append(outside)
        seen: set[tuple[Bone, Laterality | None]] = set()
        bones = without_broad(predicate.bones, predicate.opposite)
        is_called = predicate.said is sayings.NORMAL  # a joint is, and says nothing of its bones
        said = [(p, certainty) for p in bones if not (is_called and p.broad)]
        if predicate.opposite:
            turned = _TURNED.get(certainty, Certainty.NEGATED)
            said += [(p, turned) for p in predicate.opposite]
        if predicate.denied:
            said += [(p, Certainty.NEGATED) for p in predicate.denied]
        for piece, word in said:
            for bone in piece.bones:
                key = (bone, piece.side)
                if key not in seen:
                    seen.add(key)
                    self._emit(sentence, predicate, piece, bone, word, outside)

    def _is_whole(self, predicate: Predicate) -> bool:
        """Say whether a predicate without a bone calls the marrow of the exam normal."""
        if self._partial or not predicate.strong:
            return False
        here = self.words.words[predicate.first : predicate.last]
        return predicate.said is sayings.NORMAL_MARROW or not _MARROW.isdisjoint(here)

    def _note(self, sentence: Sentence, predicate: Predicate, certainty: Certainty | None) -> None:
        says = predicate.why_not() if certainty is None else certainty.value
        if certainty is None and not says:
            says = f"not stated in the {sentence.section} section"
        bones = tuple(bone for piece in predicate.bones for bone in piece.bones)
        if certainty is not None and not (bones or predicate.opposite or predicate.denied):
            says = f"{certainty}, of no bone"
        self.notes.append(
            Note(
                self.words.start(predicate.first),
                self.words.end(predicate.last - 1),
                says,
                bones,
                tuple(dict.fromkeys(filter(None, predicate.rules))),
            )
        )

    def _in_section(
        self, sentence: Sentence, certainty: Certainty | None, *, timed: bool
    ) -> Certainty | None:
        section = sentence.section
        if section in _SILENT:
            return None
        if section in NOT_STATED:
            if section is Section.COMPARISON and certainty in (
                Certainty.AFFIRMED,
                Certainty.HISTORICAL,
            ):
                return Certainty.HISTORICAL
            if timed and certainty is Certainty.AFFIRMED:
                return Certainty.HISTORICAL
            return certainty if certainty is Certainty.HISTORICAL else None
        return certainty

    def _emit(
        self,
        sentence: Sentence,
        predicate: Predicate,
        piece: Piece,
        bone: Bone,
        certainty: Certainty,
        outside: Laterality,
    ) -> None:
        if certainty is Certainty.AFFIRMED:
            if not piece.broad:
                self._affirmed.add(bone)
            elif self._sums_up(sentence, piece) or self._gainsays(sentence, piece, bone):
                return
        words = self.words
        inside = sentence.first <= piece.first < sentence.last
        opens = predicate.opens if predicate.opens >= sentence.first else predicate.first
        first = min(opens, piece.first) if inside else opens
        last = max(predicate.last, piece.last) if inside else predicate.last
        clause = first, last
        first, last = min(first, sentence.first), max(last, sentence.last)
        start, end = words.start(first), words.end(last - 1)
        if end - start > _WIDEST:
            start, end = words.start(clause[0]), words.end(clause[1] - 1)
        if end - start > _WIDEST:
            start, end = words.start(piece.first), words.end(piece.last - 1)
        self.blocks.append(sentence.paragraph)
        self.statements.append(
            Statement(
                bone=bone,
                laterality=piece.side or outside,
                certainty=certainty,
                evidence=words.text[start:end],
                start=start,
                end=end,
                section=sentence.section,
                severity=predicate.severity,
                replaces=sentence.section is Section.ADDENDUM,
            )
        )

    def _gainsays(self, sentence: Sentence, piece: Piece, bone: Bone) -> bool:
        """Say whether a joint in the summary would take back what was said of one of its bones."""
        if sentence.section is not Section.IMPRESSION or self._affirmed.isdisjoint(piece.bones):
            return False
        said = [s.certainty for s in self.statements if s.bone is bone]
        return bool(said) and set(said) == {Certainty.NEGATED}

    def _sums_up(self, sentence: Sentence, piece: Piece) -> bool:
        """Say whether a region in the summary stands for those of its bones already named."""
        if piece.term.kind is not kinds.REGION or sentence.section is not Section.IMPRESSION:
            return False
        own = [NAMED_BY.get(bone, frozenset()) | {bone} for bone in piece.bones]
        return not self._affirmed.isdisjoint(frozenset().union(*own))

    def _in_order(self) -> tuple[list[Statement], list[int]]:
        """Put an addendum that stands above the report it corrects behind it."""
        statements, blocks = self.statements, self.blocks
        above = 0
        while not self._stands and above < len(statements) and statements[above].replaces:
            above += 1
        return statements[above:] + statements[:above], blocks[above:] + blocks[:above]
