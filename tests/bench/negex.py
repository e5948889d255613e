"""
How well the reader's negation does on sentences from other fields of medicine.

    python tests/bench/negex.py PATH

PATH is the NegEx annotation file (number, condition, sentence, status, ... separated by tabs),
which is not ours and does not lie here. The condition is put in as if it were a finding; reported
is F1 of the class "Negated". There is no gate on it: the vocabulary is made for bones.
"""

import csv
import sys
from pathlib import Path

from marrowd.core.reader.clauses import Clauses
from marrowd.core.reader.pieces import Piece
from marrowd.core.reader.scan import marks_of
from marrowd.core.reader.vocabulary import Kind, Term, Vocabulary
from marrowd.core.reader.words import words_of
from marrowd.rules.vocabulary import load_vocabulary

_CONDITION = Term(Kind.EDEMA, "strong", rule="the condition")
_ENDS = frozenset({".", ";", "!", "?"})


def is_negated(vocabulary: Vocabulary, condition: str, sentence: str) -> bool:
    """Say whether the reader takes *condition* as negated in *sentence*."""
    at = sentence.lower().find(condition.lower())
    if at < 0:
        return False
    words = words_of(sentence, vocabulary.tokens)
    last_char = at + len(condition)
    inside = [i for i in range(len(words.words)) if at <= words.start(i) < last_char]
    if not inside:
        return False
    first, last = inside[0], inside[-1] + 1
    begin = max((i + 1 for i in range(first) if words.words[i] in _ENDS), default=0)
    end = min(
        (i for i in range(last, len(words.words)) if words.words[i] in _ENDS),
        default=len(words.words),
    )
    pieces = [
        *marks_of(words.words, begin, first, vocabulary.terms),
        Piece(_CONDITION, first, last),
        *marks_of(words.words, last, end, vocabulary.terms),
    ]
    clauses = Clauses(words.words, end, pieces, row=[], previous=None, opens_row=False, topic=True)
    clauses.run()
    said = [p for p in clauses.predicates if p.first == first]
    return bool(said) and said[0].negated


def main(path: str) -> None:
    """Print precision, recall and F1 of the class Negated."""
    vocabulary = load_vocabulary()
    hits = wrong = missed = 0
    with Path(path).open(encoding="latin-1", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        next(rows)
        for row in rows:
            gold = row[3].strip() == "Negated"
            found = is_negated(vocabulary, row[1].strip().strip('"'), row[2].strip().strip('"'))
            hits += gold and found
            wrong += found and not gold
            missed += gold and not found
    precision, recall = hits / (hits + wrong), hits / (hits + missed)
    f1 = 2 * hits / (2 * hits + wrong + missed)
    sys.stdout.write(f"Negated: precision {precision:.3f} recall {recall:.3f} F1 {f1:.3f}\n")


if __name__ == "__main__":
    main(sys.argv[1])
