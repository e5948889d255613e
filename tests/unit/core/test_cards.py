"""The parts that cards are built from, at their edges."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.verdicts import finding, report, result, verdict

from marrowd.core.anatomy import Bone, Laterality
from marrowd.core.bone_names import in_order, place_name, spellings
from marrowd.core.card_summary import summary
from marrowd.core.escaping import escaped, escaped_setting, visible, without_links
from marrowd.core.level_text import in_other_unit, month, reported, shortened
from marrowd.core.reading import Certainty, Cue
from marrowd.core.verdict import VerdictKind

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("bone", list(Bone))
@pytest.mark.parametrize("side", list(Laterality))
def test_every_bone_and_side_has_words(bone, side):
    assert place_name(bone, side)
    assert all(spellings([(bone, side)]))


def test_places_are_listed_once_from_hindfoot_to_toe():
    left, right = Laterality.LEFT, Laterality.RIGHT
    given = [(Bone.CUBOID, left), (Bone.TALUS, right), (Bone.TALUS, left), (Bone.CUBOID, left)]

    assert in_order(given) == [(Bone.TALUS, left), (Bone.TALUS, right), (Bone.CUBOID, left)]


@pytest.mark.parametrize(
    ("places", "words"),
    [
        pytest.param(
            [(Bone.TALUS, Laterality.LEFT)],
            ["left talus", "left talus", "1 left foot bone", "foot"],
            id="one",
        ),
        pytest.param(
            [(Bone.TALUS, Laterality.UNKNOWN), (Bone.CUBOID, Laterality.UNKNOWN)],
            ["talus, cuboid (side not stated)"] * 2 + ["2 foot bones", "foot"],
            id="side not stated",
        ),
        pytest.param(
            [(Bone.TALUS, Laterality.LEFT), (Bone.CUBOID, Laterality.RIGHT)],
            ["left talus and right cuboid"] * 2 + ["2 foot bones", "both feet"],
            id="a bone each side",
        ),
        pytest.param(
            [(Bone.CUNEIFORM_MEDIAL, Laterality.LEFT), (Bone.METATARSAL_2, Laterality.LEFT)],
            [
                "left medial cuneiform, metatarsal 2",
                "left cuneiform, metatarsal",
                "2 left foot bones",
                "foot",
            ],
            id="one of a kind",
        ),
        pytest.param(
            [
                (Bone.METATARSAL_1, Laterality.LEFT),
                (Bone.METATARSAL_2, Laterality.LEFT),
                (Bone.METATARSAL_UNSPECIFIED, Laterality.LEFT),
            ],
            [
                "left metatarsals 1 and 2",
                "left metatarsals",
                "2 left foot bones",
                "foot",
            ],
            id="some metatarsal beside two named",
        ),
        pytest.param([], ["foot"], id="none"),
    ],
)
def test_spellings_go_from_full_to_bare(places, words):
    assert list(spellings(places)) == words


@pytest.mark.parametrize("kind", [VerdictKind.REPLETED, VerdictKind.NOTHING_RELEVANT])
def test_a_verdict_without_card_has_no_summary(kind):
    with pytest.raises(KeyError):
        summary(verdict(kind))


def test_a_summary_that_cannot_fit_is_refused_and_not_cut():
    """It cannot happen with the kinds and values there are; if it could, this is what would."""
    given = verdict(
        VerdictKind.CONSIDER_MRI, report=report(finding(), cues=(Cue.INFECTION, Cue.NEOPLASM))
    )

    with pytest.raises(ValueError, match="no wording of consider_mri fits"):
        summary(given)


def test_a_result_without_value_is_told_as_such():
    nothing = result(None)

    assert reported(nothing) == shortened(nothing) == "no value"
    assert in_other_unit(nothing) == "about 0.0 nmol/L"


def test_months_are_english_whatever_the_locale():
    assert month(result().when.instant.date()) == "January"


ADDRESSES = [
    ("See http://evil.example/a. Then more.", "See [link removed]. Then more."),
    ("(www.evil.example)", "([link removed])"),
    ("mail a.b@evil.example, or call", "mail [link removed], or call"),
    ("evil.com/path", "[link removed]"),
    ("3.5 cm, e.g. 1.5 T at L.talus", "3.5 cm, e.g. 1.5 T at L.talus"),
    ("Edema: moderate", "Edema: moderate"),
    ("data: none", "data: none"),
]


@pytest.mark.parametrize(("text", "words"), ADDRESSES)
def test_addresses_are_removed_whole(text, words):
    assert without_links(text) == words


ESCAPED = [
    ("T2 < 5 & > 3", "T2 &lt; 5 &amp; &gt; 3"),
    ("*bold* _it_ `c`", r"\*bold\* \_it\_ \`c\`"),
    ("edema @talus", "edema @ talus"),
    ("edema.No fracture", r"edema\.No fracture"),
    ("1. talus", r"1\. talus"),
    ("1.5 T", "1.5 T"),
    ("- talus", r"\- talus"),
    ("a\r\n\t b", "a b"),
    ("\u202etalus\u200b", "talus"),
    ("a@b.co: x", "[link removed] : x"),
]


@pytest.mark.parametrize(("text", "line"), ESCAPED)
def test_text_is_escaped_for_one_line(text, line):
    assert escaped(text) == line


def test_what_cannot_be_seen_is_dropped():
    assert visible("a\x00b\u00adc\u2028d\ue000") == "abc d"


def test_a_setting_keeps_its_address():
    assert escaped_setting("see https://site.example/a_b") == r"see https://site.example/a\_b"


def test_cards_load_nothing_heavy():
    """`marrowd screen` draws cards and has to start quickly."""
    script = (
        "import sys, marrowd.cds.cards\n"
        "heavy = {'pydantic', 'aiohttp', 'fhir', 'orjson', 'structlog'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT / "service"), "PATH": ""},
    )

    assert done.returncode == 0, done.stderr


def test_superseded_findings_are_not_quoted():
    told = report(finding(is_superseded=True), finding(Bone.CUBOID, certainty=Certainty.NEGATED))

    assert summary(verdict(report=told)) == "Low 25(OH)D 14 ng/mL and MRI marrow edema in foot"
