"""
What the published series say, in their own figures, and where each figure was read.

Its strength is stated as it is (rules.md section 5): no series had a control group. A figure is
that of an abstract we read (Horas, Oehler, Pieropan, Eidmann, and the athletes' cohort) or the one
that the source article reports (Sprinchorn, Miller 2016, Kaspiris, Alsaed, Klontzas); the card says
which. The source article is J. R. Miller DPM, "Is there an association between bone marrow edema
syndrome and vitamin D deficiency?". Addresses are DOIs and PubMed Central numbers seen on the
papers' own pages.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from marrowd.core.reading import Cue
from marrowd.core.verdict import VerdictKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A published paper that a card links to."""

    label: str
    url: str


HORAS_2017: Final = Paper(
    label="Horas 2017: vitamin D in bone marrow edema syndrome of the foot and ankle (n=31)",
    url="https://doi.org/10.1177/1071100717697427",
)
OEHLER_2018: Final = Paper(
    label="Oehler 2018: bone metabolism in primary bone marrow edema syndrome (n=65)",
    url="https://pmc.ncbi.nlm.nih.gov/articles/PMC6303903/",
)
PIEROPAN_2019: Final = Paper(
    label="Pieropan 2019: bone marrow edema of the foot in adolescents (n=13)",
    url="https://doi.org/10.11005/jbm.2019.26.4.241",
)
EIDMANN_2022: Final = Paper(
    label="Eidmann 2022: scoping review, vitamin D and bone marrow edema (60 studies)",
    url="https://doi.org/10.3390/jcm11226820",
)
ATHLETES_2021: Final = Paper(
    label="College athletes: vitamin D and stress fractures (n=802)",
    url="https://pmc.ncbi.nlm.nih.gov/articles/PMC8008136/",
)

_IN_SHORT: Final = (
    "**Evidence:** low 25(OH)D is reported in most published foot and ankle series (Horas 2017, "
    "n=31: 26/31 low, from the abstract), all small and uncontrolled: an association only. Low "
    "vitamin D is common anyway."
)
_IN_FULL: Final = (
    "**Evidence** (small, uncontrolled series: an association only; low vitamin D is common "
    "anyway)\n"
    "- From the abstracts: Horas 2017, n=31, 26/31 low, mean 19.0 ng/mL. Oehler 2018, n=65 primary "
    "cases, 55.1 % ankle or foot, mean 19.0 ug/L without supplements. Pieropan 2019, n=13 "
    'adolescents, 76.9 % low. Eidmann 2022, 60 studies, n=823: causality "cannot be determined".\n'
    "- As reported by the source article (J. R. Miller DPM), originals not read: Kaspiris 2019 "
    "(n=1, a child; resolved in 6 months); Miller 2016 (83 % of foot and ankle stress fractures "
    '"suboptimal" by the authors\' own mark, higher than 30 ng/mL); Klontzas 2015 (n=155: bone '
    "marrow edema syndrome did not turn into osteonecrosis); also Sprinchorn 2011, Alsaed 2018.\n"
    '- Treatment with vitamin D is "weakly supported"; prolonged immobilization with bone '
    "stimulation did badly in one author's hands."
)
DIFFERENTIAL: Final = (
    "**The differential stays first:** injury and stress fracture, infection, osteonecrosis, "
    "neuropathic, degenerative, metabolic, neoplasm."
)
# What may make vitamin D unsafe or pointless without a look first (rules.md section 4).
# Hypercalcemia in granulomatous disease: Holick et al., JCEM 2011; in sarcoidosis
# 42.3 % against 18.3 %, and renal failure with an odds ratio of 4.1: Am J Med Sci 2016.
BEFORE_SUPPLEMENTING: Final = (
    "**Before supplementing, weigh:** calcium, renal function, granulomatous disease, "
    "hyperparathyroidism, kidney stones."
)

_WITH_FULL_EVIDENCE: Final = frozenset({VerdictKind.ASSOCIATION, VerdictKind.POSSIBLE_ASSOCIATION})


def evidence_text(kind: VerdictKind) -> str:
    """Give what a card says of the literature: in full where the two findings meet."""
    return _IN_FULL if kind in _WITH_FULL_EVIDENCE else _IN_SHORT


def papers(kind: VerdictKind, cues: Collection[Cue]) -> tuple[Paper, ...]:
    """Give the primary papers to link to; the athletes' cohort only with a stress fracture."""
    if kind not in _WITH_FULL_EVIDENCE:
        return (HORAS_2017, EIDMANN_2022)
    series = (HORAS_2017, OEHLER_2018, PIEROPAN_2019, EIDMANN_2022)
    return (*series, ATHLETES_2021) if Cue.STRESS_FRACTURE in cues else series
