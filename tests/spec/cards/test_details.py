"""Card details: what the card stands on, said with its uncertainty (rules.md sections 4 and 5)."""

import re
from dataclasses import replace

import pytest
from tests.support.verdicts import (
    INSUFFICIENT,
    POLICY,
    WITH_CARD,
    WITH_FINDINGS,
    WITH_LEVEL,
    finding,
    level,
    open_order,
    pain,
    report,
    result,
    verdict,
)

from marrowd.core.anatomy import Bone, Laterality
from marrowd.core.card_imaging import MAX_QUOTE
from marrowd.core.card_text import detail
from marrowd.core.facts import Analyte, Standing, Unit, When
from marrowd.core.policy import VitaminDClass
from marrowd.core.reading import Certainty, Cue, Severity
from marrowd.core.verdict import Checked, Pattern, VerdictKind

RESULTS = [
    pytest.param(
        level("14"),
        "**25(OH)D 14 ng/mL** (about 34.9 nmol/L), 2026-01-12, status final: "
        "deficient, cut-off below 20 ng/mL (below 50 nmol/L)",
        id="deficient",
    ),
    pytest.param(
        level("24.5", vitamin_d_class=INSUFFICIENT),
        "**25(OH)D 24.5 ng/mL** (about 61.2 nmol/L), 2026-01-12, status final: "
        "insufficient, cut-off 20 to below 30 ng/mL (50 to below 75 nmol/L)",
        id="insufficient",
    ),
    pytest.param(
        level("35", Unit.NMOL_L, status="corrected"),
        "**25(OH)D 35 nmol/L** (about 14.0 ng/mL), 2026-01-12, status corrected: "
        "deficient, cut-off below 50 nmol/L (below 20 ng/mL)",
        id="nmol/L, corrected",
    ),
    pytest.param(
        level("4", comparator="<"),
        "**25(OH)D &lt;4 ng/mL** (about &lt;10.0 nmol/L), 2026-01-12, status final: deficient",
        id="comparator",
    ),
    pytest.param(
        level("25", vitamin_d_class=INSUFFICIENT, comparator="<"),
        "insufficient (low; not shown to be deficient), cut-off",
        id="low but not proven deficient",
    ),
    pytest.param(level("14.123456789"), "**25(OH)D 14.123456789 ng/mL**", id="every digit"),
    pytest.param(
        level("16", is_summed=True),
        "Sum of the 25(OH)D3 and 25(OH)D2 of one draw.",
        id="summed",
    ),
    pytest.param(
        level("16", analyte=Analyte.D3),
        "Reported under a 25(OH)D3 code, read as the total.",
        id="D3 for the total",
    ),
    pytest.param(
        level("16", is_unit_unlike_code=True),
        "The unit reported does not fit the code of the test; the unit was used.",
        id="code and unit disagree",
    ),
    pytest.param(
        level("16", day="2026-07-01", is_late=True),
        "Late: drawn 150 days after the MRI, as no usable result lies closer to it.",
        id="late",
    ),
    pytest.param(
        level("18", day="2026-02-11"),
        "Borderline, close to 20 ng/mL, and drawn in February: winter values may be 30-50 % lower",
        id="season of a result below a cut-off",
    ),
    pytest.param(
        level("26", vitamin_d_class=INSUFFICIENT),
        "Borderline, close to 30 ng/mL, and drawn in January",
        id="season of a result below sufficient",
    ),
]


@pytest.mark.parametrize(("governing", "words"), RESULTS)
def test_the_result_is_told_with_its_source(governing, words):
    """As reported and in both units, date, status, cut-off; and what is odd about it."""
    assert words in detail(verdict(governing=governing, latest=governing))


@pytest.mark.parametrize(
    "governing", [level("12"), level("25", vitamin_d_class=INSUFFICIENT, comparator="<")]
)
def test_season_is_no_matter_far_from_a_cutoff_or_of_a_bound(governing):
    assert "Borderline" not in detail(verdict(governing=governing))


def test_comparison_in_the_reported_unit_is_said():
    """The other unit is for reading only: 49.9 nmol/L is no contradiction."""
    assert "compared in the unit reported" in detail(verdict())


def test_policy_and_its_note_are_named():
    """Each policy is on the card by name, with its printed source and its note."""
    assert (
        "Policy endocrine-2011: Holick et al., JCEM 2011. "
        "The Endocrine Society no longer endorses these cut-offs (2024)."
    ) in detail(verdict())


def test_a_policy_without_note_is_named_alone():
    policy = replace(POLICY, name="nos-uk", source="NOS/ROS UK", note="")

    assert "Policy nos-uk: NOS/ROS UK.\n" in detail(verdict(policy=policy))


@pytest.mark.parametrize("kind", [kind for kind in WITH_CARD if kind in WITH_FINDINGS])
def test_every_card_with_a_level_or_a_gap_names_the_policy(kind):
    assert "Policy endocrine-2011" in detail(verdict(kind))


def test_latest_is_told_when_it_is_another():
    latest = level("24", vitamin_d_class=INSUFFICIENT, day="2026-03-01", ref="Observation/2")

    assert (
        "**Latest 25(OH)D 24 ng/mL** (about 59.9 nmol/L), 2026-03-01, status final: insufficient"
    ) in detail(verdict(latest=latest))


def test_latest_is_not_repeated():
    assert "Latest" not in detail(verdict(latest=level()))


def test_older_result_is_named_once_when_none_is_near():
    older = level("18", day="2024-03-02")
    told = detail(verdict(VerdictKind.VITAMIN_D_MISSING, older=older, latest=older))

    assert "no result on record from 180 days before the MRI on." in told
    assert "**Older 25(OH)D 18 ng/mL**" in told
    assert "Latest" not in told


UNCLASSIFIABLE = [
    pytest.param(
        result("40", comparator="<"),
        "25(OH)D &lt;40 ng/mL, 2026-01-12, status final: too wide a bound",
        id="bound",
    ),
    pytest.param(
        result("14", status="preliminary", standing=Standing.HELD),
        "25(OH)D 14 ng/mL, 2026-01-12, status preliminary: not final yet",
        id="held",
    ),
    pytest.param(
        result(None, None, unreadable="value"),
        "25(OH)D, 2026-01-12, status final: unreadable (value)",
        id="unreadable",
    ),
    pytest.param(
        result(None, None, unreadable="implausible"),
        "25(OH)D, 2026-01-12, status final: unreadable (implausible)",
        id="implausible",
    ),
    pytest.param(
        result("14", None, unreadable="unit"),
        "25(OH)D 14, 2026-01-12, status final: unreadable (unit)",
        id="without unit",
    ),
    pytest.param(
        result("5", analyte=Analyte.D2),
        "25(OH)D2 5 ng/mL, 2026-01-12, status final: D2 alone does not decide",
        id="D2 alone",
    ),
    pytest.param(
        result("14", when=When(year=2026)),
        "25(OH)D 14 ng/mL, 2026, status final",
        id="dated by year",
    ),
    pytest.param(
        result("14", when=When(), unreadable="date"),
        "25(OH)D 14 ng/mL, no valid date, status final: unreadable (date)",
        id="without date",
    ),
]


@pytest.mark.parametrize(("observed", "line"), UNCLASSIFIABLE)
def test_what_could_not_be_classified_is_listed(observed, line):
    told = detail(verdict(VerdictKind.VITAMIN_D_INDETERMINATE, unclassifiable=(observed,)))

    assert f"\n- {line}\n" in told


def test_a_long_list_says_how_many_more_there_are():
    many = tuple(result("40", comparator="<", ref=f"Observation/{n}") for n in range(30))
    told = detail(verdict(VerdictKind.VITAMIN_D_INDETERMINATE, unclassifiable=many))

    assert "\n- and 20 more\n" in told
    assert "Observation/10" not in told
    assert ", and 21 more; rules" in told


def test_sentences_are_quoted_once_with_their_bones():
    """The sentences of the report stand as they are, each once, in the order of the text."""
    told = detail(
        verdict(
            report=report(
                finding(Bone.CUBOID, text="Edema of cuboid and talus.", start=40),
                finding(Bone.TALUS, text="Edema of cuboid and talus.", start=40),
                finding(Bone.NAVICULAR, text="Faint navicular edema.", severity=Severity.MILD),
                finding(
                    Bone.CALCANEUS,
                    Laterality.UNKNOWN,
                    Certainty.POSSIBLE,
                    text="Calcaneal edema?",
                    start=80,
                ),
                finding(Bone.DISTAL_TIBIA, text="Tibial edema.", start=99),
            )
        )
    )

    assert (
        "**MRI 2026-02-01** (report final): "
        "marrow edema in left talus, left navicular (mild), left cuboid; "
        "possibly in calcaneus (side not stated); not counted here: left distal tibia.\n"
        '- left navicular: "Faint navicular edema."\n'
        '- left talus, left cuboid: "Edema of cuboid and talus."\n'
        '- possible, calcaneus (side not stated): "Calcaneal edema?"\n'
    ) in told


def test_a_report_whose_sentences_are_all_superseded_says_so():
    told = detail(verdict(report=report(finding(is_superseded=True))))

    assert "**MRI 2026-02-01** (report final): no sentence of it counts any more." in told


def test_a_level_that_is_not_there_is_not_told():
    assert "**25(OH)D " not in detail(verdict(governing=None, latest=None))


def test_possible_edema_is_called_uncertain():
    told = detail(verdict(VerdictKind.POSSIBLE_ASSOCIATION))

    assert "the report itself is not certain of the edema" in told
    assert '- left talus: "Marrow edema in the talar dome."' in told


def test_a_report_without_full_stop_is_quoted_from_its_beginning():
    told = detail(verdict(report=report(finding(text="edema " * 200))))

    assert '(...)"' in told
    assert max(map(len, re.findall(r'"(.*?)"', told))) <= MAX_QUOTE + len(" (...)")


CUES = [
    pytest.param(
        (Cue.INFECTION, Cue.NEOPLASM),
        "**Other explanations first:** the report also names infection and neoplasm. "
        "A vitamin D level does not replace that work-up.\n",
        id="they come first",
    ),
    pytest.param(
        (Cue.STRESS_FRACTURE,),
        "**Other explanations first:** the report also names stress fracture. "
        "Low vitamin D matters with a stress fracture too (Miller 2016).\n",
        id="stress fracture keeps vitamin D relevant",
    ),
]


@pytest.mark.parametrize(("cues", "opening"), CUES)
def test_other_explanations_open_the_detail(cues, opening):
    assert detail(verdict(report=report(finding(), cues=cues))).startswith(opening)


def test_further_cues_are_mentioned_with_the_report():
    told = detail(verdict(report=report(finding(), cues=(Cue.TRAUMA, Cue.CRPS, Cue.INFECTION))))

    assert "The report also mentions: trauma, CRPS." in told


@pytest.mark.parametrize("pattern", list(Pattern))
def test_pattern_is_told(pattern):
    assert f"**Pattern:** {pattern}: " in detail(verdict(pattern=pattern))


UNREAD = [
    pytest.param("scan", "it is a scan without a text layer", id="scan"),
    pytest.param("language", "it is in a language that is not read here", id="language"),
    pytest.param("no_text", "it holds no readable text", id="no text"),
    pytest.param("type", "its format is not known here", id="type"),
    pytest.param("not_fetched", "it could not be fetched", id="not fetched"),
    pytest.param("broken", "its content is damaged", id="broken"),
    pytest.param("date", "it has no valid date", id="date"),
    pytest.param("else", "its text could not be read", id="any other reason"),
]


@pytest.mark.parametrize(("reason", "words"), UNREAD)
def test_an_unread_report_is_said_aloud(reason, words):
    """Never "no edema": the reader is asked to read it."""
    told = detail(verdict(VerdictKind.REPORT_UNREADABLE, report=report(unreadable=reason)))

    assert f"{words}. Nothing is known of its findings; please read it yourself." in told
    assert "marrow edema in" not in told


def test_pain_is_told_since_its_earliest_day():
    pains = (("Condition/1", pain("2025-10-01")), ("Condition/2", pain("2025-09-01")))
    told = detail(verdict(VerdictKind.CONSIDER_MRI, pains=pains))

    assert "foot or ankle pain is an active problem since 2025-09-01" in told
    assert "Consider MRI if the pain is not already explained." in told


def test_pain_without_a_day_is_told_without():
    pains = (("Condition/1", pain(None)),)

    assert "is an active problem, and no" in detail(verdict(VerdictKind.CONSIDER_MRI, pains=pains))


@pytest.mark.parametrize("kind", WITH_CARD)
def test_every_card_is_honest_about_the_evidence(kind):
    """Small, uncontrolled, an association; the differential stays first."""
    told = detail(verdict(kind))

    for words in ("uncontrolled", "association", "n=31", "abstract", "differential stays first"):
        assert words in told


FIGURES = [
    pytest.param(words, id=words)
    for words in (
        "Horas 2017, n=31, 26/31 low, mean 19.0 ng/mL",
        "Oehler 2018, n=65 primary cases, 55.1 % ankle or foot",
        "Pieropan 2019, n=13 adolescents, 76.9 % low",
        'Eidmann 2022, 60 studies, n=823: causality "cannot be determined"',
        "Sprinchorn 2011",
        "Alsaed 2018",
        "Kaspiris 2019 (n=1, a child; resolved in 6 months)",
        '83 % of foot and ankle stress fractures "suboptimal" by the authors\' own mark',
        "own mark, higher than 30 ng/mL",
        "Klontzas 2015 (n=155: bone marrow edema syndrome did not turn into osteonecrosis)",
        'Treatment with vitamin D is "weakly supported"',
        "As reported by the source article (J. R. Miller DPM), originals not read",
    )
]


@pytest.mark.parametrize("words", FIGURES)
@pytest.mark.parametrize("kind", [VerdictKind.ASSOCIATION, VerdictKind.POSSIBLE_ASSOCIATION])
def test_published_figures_say_where_they_were_read(kind, words):
    assert words in detail(verdict(kind))


@pytest.mark.parametrize("kind", WITH_LEVEL)
def test_what_to_weigh_stands_on_every_low_card(kind):
    assert (
        "**Before supplementing, weigh:** calcium, renal function, granulomatous disease, "
        "hyperparathyroidism, kidney stones."
    ) in detail(verdict(kind))


NOT_CHECKED = [
    pytest.param(True, True, None, id="all known"),
    pytest.param(False, True, "open orders", id="orders unknown"),
    pytest.param(True, False, "the problem list", id="problems unknown"),
    pytest.param(False, False, "open orders and the problem list", id="neither known"),
]


@pytest.mark.parametrize(("orders", "problems", "words"), NOT_CHECKED)
def test_what_could_not_be_checked_is_said(orders, problems, words):
    told = detail(verdict(), Checked(problems=problems, orders=orders))

    assert ("Could not be checked" in told) is (words is not None)
    assert words is None or f"**Could not be checked:** {words}." in told


def test_what_is_there_already_is_said():
    told = detail(verdict(open_orders=open_order(), has_deficiency_on_problem_list=True))

    assert "A 25(OH)D order is already open." in told
    assert "Vitamin D deficiency is already on the problem list." in told


def test_basis_names_resources_and_versions():
    assert detail(verdict()).endswith(
        "Basis: Observation/1 (version 2), DiagnosticReport/7 (version 1); rules 2026.1."
    )
    assert "Condition/3; rules" in detail(verdict(VerdictKind.CONSIDER_MRI))


# Neither a claim of cause, nor a drug or a dose, nor excitement.
UNWANTED = re.compile(
    r"\bcaus(?:e|es|ed|ing)\b|due to|because of|\bIU\b|\bmg\b|ferol|NSAID|phosphonate|!",
    re.IGNORECASE,
)


@pytest.mark.parametrize("kind", WITH_CARD)
@pytest.mark.parametrize("pattern", [None, *Pattern])
def test_no_card_claims_a_cause_or_names_a_drug(kind, pattern):
    told = detail(verdict(kind, pattern=pattern), Checked(problems=False, orders=False))

    assert not UNWANTED.search(told)


def test_excess_and_sufficient_latest_are_judged_too():
    """A later result in either direction is told with its own figure."""
    for value, vitamin_d_class, words in (
        ("120", VitaminDClass.EXCESS, "excess, cut-off 100 ng/mL or more"),
        ("32", VitaminDClass.SUFFICIENT, "sufficient, cut-off 30 ng/mL or more"),
    ):
        latest = level(value, vitamin_d_class=vitamin_d_class, ref="Observation/9")

        assert words in detail(verdict(latest=latest))


def test_a_result_without_value_is_not_called_borderline():
    assert "Borderline" not in detail(
        verdict(governing=replace(level(), result=result(None, None)))
    )
