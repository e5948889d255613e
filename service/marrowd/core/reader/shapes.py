"""What kind of sentence a report is at: an item of a list, an answer, the end of a finding."""

from marrowd.core.reader import kinds, sayings
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.predicates import Predicate
from marrowd.core.reader.sections import Sentence
from marrowd.core.reader.vocabulary import Kind
from marrowd.core.reading import Certainty

_ROW = frozenset({kinds.BONE, kinds.SIDE, kinds.JOIN, kinds.PART, kinds.PREPOSITION, kinds.REGION})
_TOPIC = frozenset({kinds.MARROW, kinds.SIGNAL})
_EACH = frozenset({"either", "both", "each"})
_SIDES = frozenset({"side", "sides", "margin", "margins", "surfaces", "facets"})
_OF_JOINT = frozenset({"articular", "joint", "opposing", "subchondral", "facing"})
_JOINTS = frozenset({"joint", "articulation", "bar", "coalition", "fusion", "arthrodesis", "each"})
# a sentence without one of these, and without an anchor, says nothing of marrow
_SAYING = frozenset(
    {
        kinds.EDEMA,
        kinds.MARROW,
        kinds.SIGNAL,
        kinds.NORMAL_MARROW,
        kinds.SPARED,
        kinds.ANSWER,
        kinds.DITTO,
        kinds.HISTORICAL,
        kinds.EXCEPT,
        kinds.NOT_IN,
        kinds.OUT_OF_VIEW,
        kinds.VOID,
        kinds.ARTIFACT,
        kinds.POSSIBLE,
    }
)
_LAST = frozenset({kinds.NEGATED, kinds.VERB})  # "the cuboid does not", "the cuboid still is"
_NOW = frozenset({"now", "today", "currently", "again", "back", "presently"})
_THESE = frozenset({"this", "it", "these", "they", "both", "that", "those"})
_OF_COURSE = frozenset(
    {kinds.ANAPHOR, kinds.THERE, kinds.CURRENT, kinds.VERB, kinds.SEVERITY, kinds.NOTHING}
    | {kinds.ANSWER, kinds.JOIN, kinds.PREPOSITION, kinds.HISTORICAL}
    | {kinds.EDEMA, kinds.SIGNAL, kinds.MARROW}
)
_TOLD = frozenset({kinds.EDEMA, kinds.SIGNAL})
_NEW = frozenset({"new", "newly"})
_ENDED = frozenset({"resolved", "healed", "no"})
_MOST = 8  # pieces
_SHORT = 12  # words
_FEW = 4  # pieces
_ITEM = 24  # words
_ITEM_KINDS = _ROW | {kinds.RANGE, kinds.SEVERITY, kinds.ORDINAL, kinds.ANSWER, kinds.VERB}


def is_year(word: str) -> bool:
    """Say whether a word is a year."""
    return len(word) == len("2020") and word.isdigit() and word[:2] in ("19", "20")


def is_item(words: list[str], sentence: Sentence, present: set[Kind]) -> bool:
    """Say whether a line, or what a semicolon parts, is an item of a list: a bone, how much."""
    is_apart = sentence.starts_line or words[sentence.first - 1] == ";"
    short = is_apart and sentence.last - sentence.first <= _ITEM
    return short and present <= _ITEM_KINDS


def is_left_open(predicates: list[Predicate]) -> bool:
    """Say whether a sentence doubts the signal of the one before: "edema versus artifact"."""
    return any(p.is_artifact and p.possible for p in predicates) and not any(
        p.bones for p in predicates
    )


def is_plain(present: set[Kind]) -> bool:
    """Say whether a sentence holds bones and how much, and nothing of its own."""
    return kinds.BONE in present and _ITEM_KINDS.issuperset(present)


def says_something(pieces: list[Piece], present: set[Kind]) -> bool:
    """Say whether a sentence without an anchor may still answer: "the cuboid does not"."""
    if not pieces:
        return False
    if pieces[0].kind is kinds.NEGATED and len(pieces) <= _FEW:
        return True  # "Nil calcaneus"
    return pieces[-1].kind in _LAST or not _SAYING.isdisjoint(present)


def opens_topic(present: set[Kind], predicates: list[Predicate]) -> bool:
    """Say whether a sentence speaks of marrow, so that the next may leave it out."""
    return not _TOPIC.isdisjoint(present) or any(p.said is sayings.EDEMA for p in predicates)


def is_across(here: list[str]) -> bool:
    """Say whether a sentence speaks of both sides of a joint without naming it."""
    if _SIDES.isdisjoint(here):
        return False
    for place, word in enumerate(here):
        before = here[max(0, place - 2) : place]
        if word in _SIDES and not _EACH.isdisjoint(before):
            behind = here[place + 1 : place + 5]
            return not (_JOINTS.isdisjoint(behind) and _OF_JOINT.isdisjoint(before))
    return False


def says_still(pieces: list[Piece], present: set[Kind], spoken: list[str]) -> bool:
    """Say whether a sentence only tells that an edema is there: "this is unchanged"."""
    if kinds.CURRENT not in present or not present <= _OF_COURSE or len(pieces) > _MOST:
        return False
    if spoken[0] not in _THESE and _TOLD.isdisjoint(present):
        return False
    return _NEW.isdisjoint(spoken) and _ENDED.isdisjoint([piece.value for piece in pieces])


def says_gone(
    predicates: list[Predicate], present: set[Kind], spoken: list[str], *, says_resolved: bool
) -> bool:
    """Say whether a sentence ends what the one before it told: "now normal", "none today"."""
    if kinds.SOFT in present or kinds.DISEASE in present:
        return False
    edema = [p for p in predicates if p.said is sayings.EDEMA]
    if not all(p.negated or p.resolved or p.historical for p in edema):
        return False
    if says_resolved or any(p.resolved for p in edema):
        return True
    if _NOW.isdisjoint(spoken):
        return False
    if not predicates:
        return kinds.NORMAL in present and len(spoken) <= _SHORT
    return any(p.certainty() is Certainty.NEGATED for p in predicates)
