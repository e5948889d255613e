"""
Tells what a cue of doubt or of course bears on, by the words right around it.

"likely mechanical" and "the cause is unclear" doubt the cause, not the edema; "partial regression"
and "most of the edema has resolved" leave some of it. Every look is bounded.
"""

from marrowd.core.reader import kinds
from marrowd.core.reader.pieces import Piece

_REACH = 12  # words
_NAMED = 5  # words: "the cause of the marrow edema"
_FEW = 2  # words
_OTHER_IMAGES = frozenset(
    {"radiograph", "radiographs", "radiography", "ct", "xray", "films", "film", "scintigraphy"}
    | {"ultrasound", "sonography", "serology", "cultures"}
)
_OWN_IMAGES = frozenset({"mri", "mr", "stir"})
_SHARE = 6  # words: "most of the marrow edema"
_ENDS = frozenset({".", ";", "!", "?", "\n"})
_CAUSES = frozenset(
    """
    cause causes etiology aetiology origin mechanism reason explanation significance relevance
    importance nature pathogenesis basis trigger culprit source meaning implication
    """.split()
)
_EXPLAINS = frozenset({"explain", "explains", "explaining"})
_EXPLAINING = _CAUSES | _EXPLAINS
_AFTER_DOUBT = frozenset(
    """
    and or in on at of for by from but with without given because as although though if than whether
    while when here there only present real genuine true edema now today this these that rather also
    too however yet since after before until unless owing seen best artifact noise technical
    spurious clinically radiologically
    """.split()
)
_WEIGHED = frozenset({"versus", "vs"})
_DOUBTED = frozenset(
    {"likely", "probable", "possible", "suspected", "questionable", "uncertain", "favored"}
    | {"presumed", "query", "equivocal", "conceivable", "perhaps", "doubtful"}
)
_PARTLY = frozenset(
    {"partial", "incomplete", "subtotal", "slight", "some", "slow", "gradual", "ongoing"}
    | {"continuing", "further", "early", "near", "progressive", "substantial", "no"}
)
_RESOLUTION = frozenset(
    {"resolution", "regression", "clearing", "clearance", "disappearance", "resorption"}
    | {"normalization", "recovery", "involution", "subsidence", "healing", "dissipation"}
)
_SHARES = frozenset({"most", "much", "half", "bulk", "majority", "third", "part", "some", "lot"})


def is_of_cause(
    words: list[str], pieces: list[Piece], place: int, last: int, finding: int = 0
) -> bool:
    """Say whether a doubt behind a finding is of its cause: "edema is likely mechanical"."""
    piece = pieces[place]
    before = words[max(0, piece.first - _REACH) : piece.first]
    if not _CAUSES.isdisjoint(before):
        ends = [at for at, word in enumerate(before) if word in _ENDS]
        causes = before[ends[-1] if ends else 0 :]
        if not _CAUSES.isdisjoint(causes) and words[max(0, finding - 1)] != ",":
            return True
    if piece.last >= last or words[piece.last - 1] not in _DOUBTED:
        return False
    following = words[piece.last]
    return following.isalpha() and following not in _AFTER_DOUBT


def is_explained(words: list[str], first: int) -> bool:
    """Say whether a finding is named as what has a cause: "the cause of the marrow edema"."""
    before = words[max(0, first - _NAMED) : first]
    if _EXPLAINING.isdisjoint(before):
        return False
    for at, word in enumerate(before):
        if word in _CAUSES and before[at + 1 : at + 2] in (["of"], ["for"]):
            return True
        if word in _EXPLAINS:
            return True
    return False


def is_resolution_at(words: list[str], first: int, before: int) -> bool:
    """Say whether the last cue of time is the noun of what has gone."""
    return not _RESOLUTION.isdisjoint(words[first : min(before, first + _REACH)])


def is_resolution(words: list[str], piece: Piece) -> bool:
    """Say whether a cue is the noun of what has gone: "clearing of", "complete resolution"."""
    return not _RESOLUTION.isdisjoint(words[piece.first : piece.last])


def is_short_of_end(words: list[str], pieces: list[Piece], place: int) -> bool:
    """Say whether what is going has not gone: "partial regression", "not complete resolution"."""
    piece = pieces[place]
    if is_resolution(words, piece):
        if words[piece.first - 1] in _PARTLY:
            return True
        before = pieces[place - 1] if place else None
        return (
            before is not None and before.kind is kinds.NEGATED and piece.first - before.last <= 1
        )
    return False


def is_of_share(words: list[str], first: int) -> bool:
    """Say whether only a part of a finding is spoken of: "most of the edema has resolved"."""
    before = words[max(0, first - _SHARE) : first]
    return "of" in before and not _SHARES.isdisjoint(before[: before.index("of")][-1:])


def is_of_other_noun(words: list[str], piece: Piece) -> bool:
    """Say whether a denial is of other images: "negative radiographs", "CT did not show"."""
    if words[piece.first] == "negative" and piece.last - piece.first == 1:
        behind = words[piece.last] if piece.last < len(words) else "."
        return behind in _OTHER_IMAGES
    before = words[max(0, piece.first - _FEW) : piece.first]
    return not _OTHER_IMAGES.isdisjoint(before) and _OWN_IMAGES.isdisjoint(before)
