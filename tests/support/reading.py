"""A report reader that a test can predict: one word, one statement."""

import re

from marrowd.core.anatomy import Bone, Laterality
from marrowd.core.reading import Certainty, NotRead, Reading, Section, Statement

_EDEMA = re.compile(
    r"(no )?(?:marrow )?edema (?:in|of) the (left|right) (talus|calcaneus)", re.IGNORECASE
)


class PlainReader:
    """Reads "edema in the left talus" and "no edema in the left talus", and nothing else."""

    def read(self, text: str, *, title: str = "", section: Section | None = None) -> Reading:
        """Read *text*; without a word on bone it is no report."""
        del title
        where = section or Section.FINDINGS
        if "talus" not in text and "calcaneus" not in text and "marrow" not in text:
            return Reading(language="en", reason=NotRead.TEMPLATE)
        statements = tuple(
            Statement(
                bone=Bone(match[3].lower()),
                laterality=Laterality(match[2].lower()),
                certainty=Certainty.NEGATED if match[1] else Certainty.AFFIRMED,
                evidence=match[0],
                start=match.start(),
                end=match.end(),
                section=where,
            )
            for match in _EDEMA.finditer(text)
        )
        return Reading(language="en", sections=(where,), statements=statements)
