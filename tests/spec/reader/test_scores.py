"""
What the reader gets right of the labelled reports, family by family, does not fall.

A change of a rule is judged here on hundreds of reports at once. Floors are a hair below what was
reached; raise them with a change that reads more. Labels and figures: tests/data/LABELS.md and
tests/data/score.py (`bilateral` is left and right, `other` bones are not scored).
"""

import json
from pathlib import Path

import pytest

from marrowd.core.reader import Reader, fold
from marrowd.rules.vocabulary import load_vocabulary

REPORTS = Path(__file__).parents[1] / "reports"
READER = Reader(load_vocabulary())
NOT_TARGETS = {"distal_tibia", "distal_fibula", "sesamoid", "phalanx", "other"}
SIDES = {"bilateral": ("left", "right")}
# family: F1 of "positive report", of (bone, certainty), of (bone, side, certainty)
FLOORS = {
    "addendum_overread": (0.996, 0.960, 0.960),
    "anaphora": (0.996, 0.996, 0.996),
    "c_adversarial": (0.892, 0.816, 0.786),
    "c_historical_possible": (0.996, 0.926, 0.916),
    "c_ordinary": (0.977, 0.958, 0.958),
    "coordination_contrast": (0.996, 0.978, 0.978),
    "d_british_commonwealth": (0.996, 0.983, 0.983),
    "d_north_american": (0.996, 0.991, 0.991),
    "e_adversarial": (0.973, 0.935, 0.933),
    "e_ordinary": (0.996, 0.982, 0.982),
    "edema_without_the_word": (0.996, 0.996, 0.996),
    "f_adversarial": (0.976, 0.951, 0.951),
    "f_ordinary": (0.996, 0.986, 0.986),
    "g_long_british": (0.996, 0.993, 0.993),
    "g_long_north_american": (0.996, 0.967, 0.967),
    "g_short": (0.910, 0.885, 0.883),
    "h_dev_like": (0.987, 0.980, 0.980),
    "h_long_british": (0.966, 0.980, 0.980),
    "h_long_north_american": (0.996, 0.984, 0.984),
    "hypothetical_indication": (0.796, 0.899, 0.835),
    "i_adversarial": (0.996, 0.954, 0.951),
    "i_long": (0.996, 0.984, 0.985),
    "i_ordinary": (0.996, 0.996, 0.996),
    "k_adversarial": (0.996, 0.969, 0.970),
    "k_long": (0.996, 0.974, 0.975),
    "k_short": (0.996, 0.991, 0.991),
    "laterality": (0.996, 0.996, 0.986),
    "letters_and_notes": (0.996, 0.996, 0.996),
    "lists_ranges_abbreviations": (0.996, 0.996, 0.996),
    "long_british_commonwealth": (0.951, 0.980, 0.980),
    "long_mixed": (0.996, 0.956, 0.958),
    "long_north_american": (0.996, 0.992, 0.992),
    "m_adversarial": (0.970, 0.852, 0.852),
    "m_ordinary": (0.976, 0.973, 0.974),
    "negation_forms": (0.996, 0.931, 0.931),
    "not_a_report_template": (0.996, 0.996, 0.996),
    "other_body_parts": (0.885, 0.866, 0.866),
    "other_languages": (0.996, 0.996, 0.996),
    "possible_vs_hedged_cause": (0.996, 0.996, 0.996),
    "red_marrow_artifact": (0.996, 0.959, 0.959),
    "resolved_prior_history": (0.996, 0.953, 0.953),
    "sections_without_headings": (0.996, 0.974, 0.974),
    "short_statements": (0.962, 0.937, 0.935),
    "soft_tissue_fat_pad": (0.996, 0.956, 0.956),
    "structured_templates_tables": (0.996, 0.944, 0.935),
    "typos_caps_dictation": (0.956, 0.928, 0.900),
}


def labels(findings):
    return {
        (bone, side, certainty)
        for bone, laterality, certainty in findings
        if bone != "other"
        for side in SIDES.get(laterality, (laterality,))
    }


def said_of(text):
    found = fold(READER.read(text).statements)
    return labels((str(f.bone), str(f.laterality), str(f.certainty)) for f in found)


def expected_of(report):
    return labels(
        (f["bone"], f.get("laterality") or "unknown", f["certainty"]) for f in report["findings"]
    )


def is_positive(said):
    return any(certainty == "affirmed" and bone not in NOT_TARGETS for bone, _, certainty in said)


def f1(pairs):
    right = sum(len(expected & said) for expected, said in pairs)
    all_of_both = sum(len(expected) + len(said) for expected, said in pairs)
    return 2 * right / all_of_both if all_of_both else 1.0


def scores(read):
    """Give the three figures of a family: report, (bone, certainty), with side."""
    positive = [({1} & {is_positive(e)}, {1} & {is_positive(s)}) for _, e, s in read]
    without_side = [({(b, c) for b, _, c in e}, {(b, c) for b, _, c in s}) for _, e, s in read]
    return f1(positive), f1(without_side), f1([(e, s) for _, e, s in read])


def read_family(name):
    lines = (REPORTS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    reports = [json.loads(line) for line in lines if line.strip()]
    return [(r["id"], expected_of(r), said_of(r["text"])) for r in reports]


def test_every_family_has_a_floor():
    assert {path.stem for path in REPORTS.glob("*.jsonl")} == FLOORS.keys()


@pytest.mark.parametrize("family", FLOORS)
def test_family_keeps_its_score(family):
    read = read_family(family)

    reached = tuple(round(score, 3) for score in scores(read))

    misread = [
        f"{name}: missing {sorted(e - s)}, extra {sorted(s - e)}" for name, e, s in read if e != s
    ]
    fallen = [
        f"{was} -> {now}" for was, now in zip(FLOORS[family], reached, strict=True) if now < was
    ]
    assert not fallen, "\n".join([f"{family} fell: {', '.join(fallen)}", *misread])
