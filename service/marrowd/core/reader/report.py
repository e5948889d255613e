"""
Follows a report sentence by sentence: what bone is spoken of, on which side, and what is said.

Holds what one sentence leaves for the next ("it", the bone a line opens with, the side of a
heading) and turns predicates into statements.
"""

from collections.abc import Iterable
from dataclasses import replace

from marrowd.core.anatomy import Bone, Laterality
from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.antecedents import Homes, with_antecedents
from marrowd.core.reader.bones import bone_pieces
from marrowd.core.reader.clauses import Clauses
from marrowd.core.reader.columns import SIDES, are_both_sides
from marrowd.core.reader.cues import cues_of
from marrowd.core.reader.evidence import inherit_bones, joint_meant
from marrowd.core.reader.exam import exam_of
from marrowd.core.reader.headed_lists import (
    first_of_list,
    heads_list,
    is_last_item,
    list_headed,
    on_side,
    sides_headed,
)
from marrowd.core.reader.mirrored import LIKE, is_alike
from marrowd.core.reader.named_bones import NamedBones, number_by_row
from marrowd.core.reader.naming import TISSUES
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.predicates import Predicate
from marrowd.core.reader.report_side import ReportSide
from marrowd.core.reader.rows import graded, is_loose, row_of
from marrowd.core.reader.scan import marks_of
from marrowd.core.reader.sections import Sentence
from marrowd.core.reader.settle import settled
from marrowd.core.reader.shapes import (
    is_item,
    is_left_open,
    is_plain,
    is_year,
    opens_topic,
    says_gone,
    says_something,
    says_still,
)
from marrowd.core.reader.sides import give_plurals, give_sides, take_sides
from marrowd.core.reader.stating import NOT_STATED, Note
from marrowd.core.reader.tables import Tables
from marrowd.core.reader.tallies import tallied
from marrowd.core.reader.tickboxes import MARKED, ticked
from marrowd.core.reader.vocabulary import Kind, Vocabulary
from marrowd.core.reader.words import Words, words_of
from marrowd.core.reading import Cue, Reading, Section, Statement

_FAR = 2
_CELL = 6  # words
_CUES = {cue.value: cue for cue in Cue}


_BACK = frozenset(
    "it its this these both neither none they that some first second third fourth fifth i".split()
)
_BOXES = frozenset({"[", "(", "\u2610", "\u2611", "\u2612"})
_POINTING = frozenset({kinds.ANAPHOR, kinds.NEGATED, kinds.SIDE})
_ALSO = frozenset({"also", "plus", "additionally"})
_ONE_SIDE = frozenset({"left", "right"})
_EXAM_WORDS = frozenset({"mri", "mr", "exam", "examination"})


class Report(Tables):
    """The state between the sentences of one text."""

    __slots__ = (
        "_asks",
        "_bones",
        "_distance",
        "_has_boxes",
        "_has_line",
        "_has_lists",
        "_homes",
        "_is_sideless",
        "_joint",
        "_last_bones",
        "_latest",
        "_listed",
        "_names_exam",
        "_paragraph",
        "_previous",
        "_section",
        "_soft_row",
        "cues",
        "excluded",
        "language",
        "sentences",
        "title",
        "vocabulary",
    )

    def __init__(
        self,
        words: Words,
        vocabulary: Vocabulary,
        sentences: list[Sentence],
        title: str,
        language: str,
    ) -> None:
        self.words = words
        self.vocabulary = vocabulary
        self.sentences = sentences
        self.language = language
        self.is_explained = False  # notes are kept on request only
        self.notes: list[Note] = []
        self.title = words_of(title, vocabulary.tokens).words if title else []
        self.side = ReportSide(words, sentences, self.title)
        self.statements: list[Statement] = []
        self._affirmed: set[Bone] = set()
        self.blocks: list[int] = []
        self.cues: dict[Cue, None] = {}
        self._has_line = False
        self._has_lists = ";" in words.different
        self.normal: list[Laterality | None] = []
        self.excluded: list[tuple[Bone, Laterality | None]] = []
        self._topic = False
        self._bones = NamedBones(words, sentences, self.title)
        self._homes = Homes(words.words)
        self._last_bones: list[Piece] = []
        self._paragraph = -1
        self._listed: Predicate | None = None
        self._asked: list[Predicate] = []
        self._joint: Piece | None = None
        self._previous: Predicate | None = None
        self._latest: Predicate | None = None
        self._distance = 0
        self._timed = False
        self._soft_row = False
        self._partial = self._stands = False
        self._last_statements = 0
        self._before = 0
        self._asks = "?" in words.different
        self._has_boxes = not MARKED.isdisjoint(words.different)
        self._is_two_sided = are_both_sides(words.different)
        self._is_sideless = self.side.default is Laterality.UNKNOWN
        self._likens = not LIKE.isdisjoint(words.different)
        self._order = ()
        self._is_told = False
        self._names_exam = not _EXAM_WORDS.isdisjoint(words.different)
        self._section = Section.UNKNOWN
        self._row: list[Piece] = []

    def add(self, sentence: Sentence) -> None:
        """Read the next sentence."""
        words = self.words.words
        first, last = sentence.first, sentence.last
        self._enter(sentence)
        here = words[first:last]
        if self._asked:
            self._answer(sentence)
        vocabulary = self.vocabulary
        speaks = not vocabulary.anchors.isdisjoint(here)
        is_added = sentence.section is Section.ADDENDUM  # it may take back what stands before
        likens = self._likens and is_alike(here)
        names = speaks or is_added or likens or not vocabulary.bone_words.isdisjoint(here)
        speaks = speaks or (self._topic and not _BACK.isdisjoint(here[:3]))
        is_cell = bool(self._row) and not sentence.starts_line and last - first <= _CELL
        speaks = speaks or (self._topic and is_cell)
        if self._is_two_sided and are_both_sides(here):
            self._find_order(sentence, speaks=speaks)
        if not (speaks or names or not vocabulary.cue_words.isdisjoint(here)):
            return
        if is_cell and self._topic and last - first == 1 and here[0].isdigit():
            if words[first - 1] == "|":
                grade = graded(self.words.words, sentence, self._row)
                self._state_one(sentence, grade, self.side.at(sentence), contrast=False)
            return
        marks = marks_of(words, first, last, vocabulary.terms)
        if not (speaks or names):
            self._add_cues(cues_of(marks))
            return
        if self._has_boxes and not MARKED.isdisjoint(here):
            marks = ticked(words, first, last, marks)
        pieces = bone_pieces(words, marks, self._bones.head)
        is_exam = self._names_exam and not _EXAM_WORDS.isdisjoint(here)
        named = self._bones.resolve(sentence, pieces, self.statements, is_exam=is_exam)
        present = {piece.kind for piece in pieces}
        may_be_told = self._may_be_told(len(named) + (kinds.SIDE in present))
        if (may_be_told or likens or is_added) and self._is_told_by_place(sentence, pieces, named):
            return
        listed = self._goes_on(sentence, here, present)
        beside = (kinds.NORMAL in present and self._is_beside_edema(sentence)) or (
            self._topic and kinds.HIGH in present and kinds.NEGATED in present
        )
        if not (speaks or is_cell or listed or beside or says_something(pieces, present)):
            self._listed = None
            self._pass_by(pieces, named, present)
            return
        self._read(sentence, pieces, named, present, opens_row=not is_exam, is_cell=is_cell)

    def _read(
        self,
        sentence: Sentence,
        pieces: list[Piece],
        named: list[Piece],
        present: set[Kind],
        *,
        opens_row: bool,
        is_cell: bool,
    ) -> None:
        """Read what a sentence says of its bones."""
        words, first, last = self.words.words, sentence.first, sentence.last
        here = words[first:last]
        outside = self.side.at(sentence)
        row = self._row
        if row:
            number_by_row(named, row)
            if is_cell and here[0] in SIDES and words[first - 1] == "|":
                row = [on_side(bone, SIDES[here[0]]) for bone in row]
        pieces = self._with_sides(pieces, named, present, outside)
        clauses = Clauses(
            words,
            last,
            pieces,
            row=row,
            previous=self._previous,
            opens_row=opens_row,
            topic=self._topic,
            is_cell=is_cell and self._topic,
        )
        clauses.soft_row = self._soft_row
        if sentence.starts_line:
            clauses.latest = self._latest
        clauses.run(self._behind_colon(first, here, pieces, present))
        self._soft_row = clauses.soft_row
        if clauses.row is not row:
            clauses.is_cell = False  # it opens a row of its own
        if named and opens_row:
            self._row = row_of(self.words, pieces, self._row)
        self._state(sentence, here, clauses, present, outside)
        self._keep(clauses, row, present)

    def _goes_on(self, sentence: Sentence, here: list[str], present: set[Kind]) -> bool:
        """Say whether bones go on a list: an item, "also the cuboid", "nil: cuboid"."""
        if here[0] in _ALSO and self._previous is not None and is_plain(present):
            self._listed = self._previous
            return True
        previous = self._previous
        if (
            previous is not None
            and previous.is_item
            and (self.words.words[sentence.first - 1] == ";")
        ):
            return True
        if self._listed is not None and is_item(self.words.words, sentence, present):
            return True
        if not self._topic:
            return False
        if kinds.CURRENT in present and here[1:2] in ([":"], ["-"]):
            return True  # "Unchanged: cuboid"
        return kinds.NEGATED in present and ":" in here

    def _behind_colon(
        self, first: int, here: list[str], pieces: list[Piece], present: set[Kind]
    ) -> list[Predicate]:
        """Read what a colon sets apart, if all of the sentence is that."""
        words = self.words.words
        previous = self._previous
        goes_on = previous is not None and previous.is_item and words[first - 1] == ";"
        if not goes_on and (":" not in here or not (self._topic or kinds.EDEMA in present)):
            return []
        tally = tallied(words, pieces, first, first + len(here), goes_on=goes_on)
        return tally or list_headed(words, pieces, first) or sides_headed(words, pieces)

    def _with_sides(
        self, pieces: list[Piece], named: list[Piece], present: set[Kind], outside: Laterality
    ) -> list[Piece]:
        """Give each bone its side, and write out those that are only pointed at."""
        words = self.words.words
        is_one_sided = self.side.is_one_sided
        if is_one_sided:
            take_sides(words, named)
        if kinds.SIDE in present:
            give_sides(words, pieces, outside, is_one_sided=is_one_sided)
        if self._is_sideless:
            give_plurals(words, named)
        if _POINTING.isdisjoint(present):
            return pieces
        return with_antecedents(words, pieces, self._last_bones, self._joint)

    def _pass_by(self, pieces: list[Piece], named: list[Piece], present: set[Kind]) -> None:
        """Take from a sentence that says nothing of marrow the bones it names, and its cues."""
        self._row = row_of(self.words, pieces, self._row)
        self._add_cues(cues_of(pieces))
        if kinds.DISEASE in present:
            self._homes.remember(pieces, self._row)
        words = self.words.words
        for piece in named:
            if piece.broad:
                self._joint = piece
        behind = [words[p.last] if p.last < len(words) else "" for p in named]
        bones = [
            piece
            for piece, word in zip(named, behind, strict=True)
            if not (piece.broad or word in TISSUES)
        ]
        if bones:
            self._last_bones = bones
            self._distance = 0

    def _keep(self, clauses: Clauses, row: list[Piece], present: set[Kind]) -> None:
        """Keep what the next sentence may point back to."""
        self._add_cues(clauses.cues)
        if kinds.DISEASE in present:
            self._homes.remember(clauses.pieces, clauses.row)
        for predicate in clauses.predicates:
            if not predicate.elliptic:
                self._previous = predicate
            self._latest = predicate
        if clauses.row and clauses.row is not row:
            self._row = clauses.row
        if clauses.mentioned:
            if "former" not in [p.value for p in clauses.pieces]:  # "the latter" follows
                self._last_bones = clauses.mentioned
            self._distance = 0

    def _add_cues(self, marks: Iterable[Piece]) -> None:
        for mark in marks:
            if mark.term.value == "line":
                self._has_line = True
            else:
                self.cues[_CUES[mark.term.cue]] = None

    def _enter(self, sentence: Sentence) -> None:
        """Forget what a new line, paragraph or section ends."""
        if sentence.starts_line or sentence.paragraph != self._paragraph:
            self._row = []
            self._soft_row = False
        self._distance += 1
        is_new = sentence.section is not self._section
        if is_new:
            self._bones.forget()
            self._homes.forget()
            self._order = ()
        numbered = sentence.starts_line and self.words.words[sentence.first].isdigit()
        if is_new or sentence.row or numbered or self._distance > _FAR:
            self._last_bones = []
        self._paragraph, self._section = sentence.paragraph, sentence.section

    def _state(
        self,
        sentence: Sentence,
        spoken: list[str],
        clauses: Clauses,
        present: set[Kind],
        outside: Laterality,
    ) -> None:
        predicates = clauses.predicates
        if clauses.voids:
            self._void(sentence)
            if "read" not in spoken:
                return
        self._before, self._last_statements = self._last_statements, len(self.statements)
        self._timed = sentence.section in NOT_STATED and (
            kinds.HISTORICAL in present or any(map(is_year, spoken))
        )
        self._partial = kinds.OTHER in present or clauses.is_global
        if clauses.artifact is not None:
            self._explain(clauses.artifact)
        if clauses.joint is not None:
            self._joint = clauses.joint
        is_answer = self.words.words[sentence.first - 1] == "?"  # of its own question
        is_open = not is_answer and kinds.ARTIFACT in present and is_left_open(predicates)
        if is_open and self._distance <= _FAR:
            self._explain(kinds.POSSIBLE)
        if self._before != self._last_statements:
            self._end_if_gone(clauses, present, spoken)
        joint = joint_meant(clauses, self._joint, spoken) if self._joint is not None else None
        self._topic = self._topic or opens_topic(present, predicates)
        if self._asks and self._is_asked(sentence, predicates):
            return
        earlier = self._pointed_at(sentence, clauses, present)
        self._state_all(sentence, clauses, outside, earlier, joint)
        self._list(sentence, clauses, outside)
        if clauses.says_resolved and self._last_bones:
            gone = Predicate(sayings.EDEMA, sentence.first, sentence.last, resolved=True)
            gone.bones = list(self._last_bones)
            self._state_one(sentence, gone, outside, contrast=False)
        if clauses.excluded:
            self.excluded += [(b, p.side) for p in clauses.excluded for b in p.bones]

    def _end_if_gone(self, clauses: Clauses, present: set[Kind], spoken: list[str]) -> None:
        """Let a sentence end, or bring back, what the one before it told of its bones."""
        says_resolved = clauses.says_resolved
        before = self._previous
        is_past = before is not None and before.historical and not before.resolved
        if is_past and says_still(clauses.pieces, present, spoken):
            self._revive()
            return
        if not says_gone(clauses.predicates, present, spoken, says_resolved=says_resolved):
            gone = [piece for p in clauses.predicates if p.resolved for piece in p.bones]
            if gone:  # "the former has resolved, the latter persists"
                self._end({(bone, piece.side) for piece in gone for bone in piece.bones})
            return
        bones = {(bone, piece.side) for piece in clauses.mentioned for bone in piece.bones}
        if bones or self._distance <= 1:
            self._end(bones)

    def _pointed_at(self, sentence: Sentence, clauses: Clauses, present: set[Kind]) -> list[Piece]:
        """Give the bones that "it" means, or those of a finding that is named again."""
        if home := self._homes.of(clauses.pieces):
            for predicate in clauses.predicates:
                predicate.points_back = not clauses.is_global
            return home
        if kinds.SIDE in present and not clauses.mentioned:
            opening = clauses.pieces[0]
            behind = self.words.words[opening.last : opening.last + 1]
            if opening.value in _ONE_SIDE and (behind == [":"] or opening.last - opening.first > 1):
                for predicate in clauses.predicates:
                    predicate.points_back = predicate.points_back or predicate.elliptic
                return [on_side(bone, Laterality(opening.value)) for bone in self._last_bones]
        return [] if sentence.row or kinds.SOFT in present else self._last_bones

    def _state_all(
        self,
        sentence: Sentence,
        clauses: Clauses,
        outside: Laterality,
        earlier: list[Piece],
        joint: Piece | None,
    ) -> None:
        predicates = clauses.predicates
        last_named = len(predicates) - 1
        while last_named >= 0 and not predicates[last_named].bones:
            last_named -= 1
        row = clauses.row
        if row and last_named >= 0 and is_loose(self.words.words, row):
            row = []
        contrast = len(predicates) > 1 or self._is_beside_edema(sentence)
        for place, predicate in enumerate(predicates):
            if predicate.bones:
                clauses.is_cell = False
            named = predicate.bones or predicate.opposite or predicate.denied
            if not (named or clauses.skips_others):
                inherit_bones(
                    predicates,
                    place,
                    row,
                    earlier,
                    near=self._distance <= 1,
                    names_later=place <= last_named,
                    joint=joint,
                )
            self._state_one(sentence, predicate, outside, contrast=contrast or clauses.is_cell)

    def _is_beside_edema(self, sentence: Sentence) -> bool:
        """Say whether a semicolon parts this from a finding: "talus edematous; cuboid normal"."""
        previous = self._previous
        goes_on = self.words.words[sentence.first - 1] == ";"
        return goes_on and previous is not None and previous.said is sayings.EDEMA

    def _list(self, sentence: Sentence, clauses: Clauses, outside: Laterality) -> None:
        """Read a list under a heading: "Marrow edema:", then a bone on each line."""
        words = self.words.words
        predicates = [p for p in clauses.predicates if not p.elliptic]
        if predicates:
            last = predicates[-1]
            boxes = last.strong and words[sentence.last + 1 : sentence.last + 2]
            ends = words[sentence.last - 1] == ":" or (boxes and boxes[0] in _BOXES)
            self._listed = (
                last if ends and heads_list(last) else first_of_list(words, sentence, last)
            )
        elif clauses.predicates:
            self._listed = first_of_list(words, sentence, clauses.predicates[-1]) or self._listed
        elif self._listed is not None and clauses.mentioned:
            item = replace(self._listed, first=sentence.first, last=sentence.last)
            item.bones = list(clauses.mentioned)
            self._state_one(sentence, item, outside, contrast=False)
            if words[sentence.first] in _ALSO or is_last_item(words, sentence):
                self._listed = None

    @property
    def tells(self) -> bool:
        """Say whether anything was said of the marrow."""
        return bool(self.statements or self.normal)

    def reading(self) -> Reading:
        """Give all that was read."""
        side = self.side.default
        if self._has_line and Cue.STRESS_FRACTURE not in self.cues:
            self.cues.setdefault(Cue.FRACTURE)  # the line of a stress fracture is no other one
        return Reading(
            language=self.language,
            sections=tuple(dict.fromkeys([s.section for s in self.sentences])),
            statements=settled(*self._in_order()),
            cues=tuple(sorted(self.cues)),
            exam=exam_of(self.words, self.sentences, self.title),
            marrow_normal=tuple(dict.fromkeys([s or side for s in self.normal])),
            excluded=tuple(dict.fromkeys([(bone, s or side) for bone, s in self.excluded])),
        )
