"""
The laws of `marrowd screen`.

Order, repetition and filing change nothing; what is withdrawn was never there; what is irrelevant
changes nothing; no input raises; no text puts markup into a card.
"""

import json
import re
from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.property.broken_resources import JUNK, SOUND, broken
from tests.support import resources as fhir
from tests.support.screened import Screened, screen, screen_texts

from marrowd.errors import BadInput

DAYS = st.sampled_from(
    ["2025-09-01", "2025-12-24", "2026-01-05", "2026-02-10", "2026-02", "2026", "?"]
)
TEXTS = st.sampled_from(
    [
        "Marrow edema in the left talus.",
        "FINDINGS: Marrow edema in the right calcaneus. IMPRESSION: Possible stress fracture.",
        "No marrow edema in the left talus.",
        "See attached report.",
        "Mögliches Knochenmarködem im Talus links.",
    ]
)
STATUSES = st.sampled_from(["final", "amended", "preliminary", "registered", "unknown"])
METAS = st.one_of(
    st.just({}),
    st.builds(
        fhir.meta,
        st.one_of(st.none(), st.integers(1, 3), st.just("x")),
        st.sampled_from(
            [None, "2026-02-11T00:00:00Z", "2026-02-11T01:00:00+01:00", "2026-02-12T00:00:00Z"]
        ),
    ),
)
PATIENTS = st.sampled_from(["Patient/p1", "Patient/p2"]).map(lambda ref: {"reference": ref})


@st.composite
def labs(draw: st.DrawFn) -> Any:
    return fhir.lab(
        draw(st.sampled_from(["o1", "o2"])),
        draw(st.sampled_from([9, 14.5, 19.99, 20, 29.9, 30, 55, 120, 900])),
        draw(st.sampled_from(["ng/mL", "nmol/L", "pmol/L", "IU"])),
        code=fhir.coded(draw(st.sampled_from(["62292-8", "1989-3", "49054-0", "1649-3"]))),
        effectiveDateTime=draw(DAYS),
        status=draw(STATUSES),
        subject=draw(PATIENTS),
        meta=draw(METAS),
    )


@st.composite
def mris(draw: st.DrawFn) -> Any:
    return fhir.mri(
        draw(st.sampled_from(["r1", "r2"])),
        draw(TEXTS),
        effectiveDateTime=draw(DAYS),
        status=draw(STATUSES),
        subject=draw(PATIENTS),
        meta=draw(METAS),
    )


@st.composite
def others(draw: st.DrawFn) -> Any:
    made = draw(st.sampled_from([fhir.study, fhir.pain, fhir.request]))
    return made(subject=draw(PATIENTS), meta=draw(METAS))


RESOURCES = st.lists(st.one_of(labs(), mris(), others()), min_size=1, max_size=7)


@given(RESOURCES, st.randoms(use_true_random=False), st.integers(1, 4))
def test_order_repetition_and_filing_change_no_byte(resources, random, files):
    expected = screen(*resources).out
    again = resources + random.choices(resources, k=3)
    random.shuffle(again)
    texts = ["\n".join(json.dumps(r) for r in again[part::files]) for part in range(files)]

    assert screen_texts(text for text in texts if text).out == expected


@given(RESOURCES, st.sampled_from(["entered-in-error", "cancelled"]), st.booleans())
def test_a_withdrawn_resource_was_never_there(resources, status, is_bare):
    lab = resources[0]
    ref = (lab["resourceType"], lab["id"])
    rest = [r for r in resources if (r["resourceType"], r["id"]) != ref]
    gone = {"resourceType": lab["resourceType"], "id": lab["id"]} if is_bare else deepcopy(lab)
    gone |= {"meta": fhir.meta(9, "2026-02-20T00:00:00Z"), "status": status}
    if lab["resourceType"] == "Condition":
        gone["verificationStatus"] = fhir.coded("entered-in-error", "urn:v")
    if lab["resourceType"] == "ServiceRequest":
        gone["status"] = "entered-in-error"
    who = [fhir.patient("p1"), fhir.patient("p2")]

    assert screen(*who, *resources, gone).out == screen(*who, *rest).out


IRRELEVANT = [
    fhir.lab("i1", code=fhir.coded("8867-4")),
    fhir.lab("i2", code=fhir.coded("1649-3")),
    fhir.lab(
        "i3",
        code=fhir.coded("72166-2"),
        valueQuantity=None,
        valueString="Marrow edema in the left talus",
    ),
    fhir.pain("i4", "J45.9"),
    fhir.request("i5", "58410-2"),
    fhir.mri("i6", "Chest clear.", code={"text": "X-ray chest"}),
    fhir.mri(
        "i7",
        "Marrow edema of the lumbar spine.",
        code={"text": "MRI lumbar spine"},
        effectiveDateTime="2024-01-01",
    ),
    {"resourceType": "MedicationRequest", "id": "i8", "subject": fhir.PATIENT},
    {"resourceType": "Foo", "id": "i9", "subject": fhir.PATIENT},
    {"resourceType": "Binary", "id": "i10", "data": "eA=="},
]


@given(RESOURCES, st.sampled_from(IRRELEVANT))
def test_what_is_irrelevant_changes_no_line(resources, irrelevant):
    who = fhir.patient("p1")

    assert screen(who, *resources, irrelevant).out == screen(who, *resources).out


@given(st.lists(broken(), max_size=3), st.sampled_from(SOUND), JUNK)
def test_no_bundle_however_broken_raises(resources, sound, junk):
    document = {
        "resourceType": "Bundle",
        "entry": [{"resource": r} for r in [*resources, sound]] + [junk],
    }
    found = screen_texts([json.dumps(document)])

    assert all(line["verdict"] for line in found.lines.values())


@given(st.binary(max_size=60))
def test_bytes_that_are_no_fhir_are_bad_input_and_nothing_else(text):
    try:
        screen_texts([text])
    except BadInput:
        return


NASTY = st.sampled_from(
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](http://evil.example/a.png)",
        "[click](https://evil.example)",
        "https://evil.example/a",
        "www.evil.example",
        "a@evil.example",
        "<a href='//evil.example'>x</a>",
        "&lt;b&gt;",
        "`x`",
        "\u202egnp.exe",
        "\x07",
        "<https://evil.example>",
        "[x]: http://evil.example",
        "javascript:alert(1)",
        "# heading",
        "| a | b |",
        "\u2028",
        "ftp://evil.example",
    ]
)


def details(found: Screened) -> str:
    cards = [card for line in found.lines.values() for card in line["cards"]]
    return "\n".join(card["summary"] + "\n" + card["detail"] for card in cards)


@given(NASTY, NASTY, st.sampled_from(["plain", "html", "title", "status"]))
def test_no_text_of_a_record_puts_markup_into_a_card(one, two, place):
    sentence = f"{one} Marrow edema {two} in the left talus {one}."
    report = {
        "plain": fhir.mri(said=sentence),
        "html": fhir.mri(said=None, text={"status": "generated", "div": f"<div>{sentence}</div>"}),
        "title": fhir.mri(code={"text": f"MRI left ankle {one} {two}"}),
        "status": fhir.mri(meta={"versionId": one}, result=[{"reference": two}]),
    }[place]
    said = details(screen(fhir.lab(), report))

    assert "evil.example" not in said
    assert not re.search(r"<(?!br>)[a-z/!]", said, re.IGNORECASE)
    assert not re.search(r"(?<!\\)!\[", said)
    assert not any(sign in said for sign in ("\u202e", "\x07"))
