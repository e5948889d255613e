"""What an imaging study or report says of its exam, and what ties the two together."""

import json

import pytest
from tests.spec.tables import Table, row
from tests.support import resources as fhir
from tests.support.reading import PlainReader

from marrowd.core.facts import Fact
from marrowd.fhir.exams import of_title
from marrowd.fhir.facts import Extraction, facts_from
from marrowd.fhir.json import parse
from marrowd.rules.codes import load_codes

DCM = "http://dicom.nema.org/resources/ontology/DCM"
SCT = "http://snomed.info/sct"
AZ = "Azure RPI code tables"


def read(resource, **more) -> Fact:
    extraction = Extraction(reader=PlainReader(), **more)
    fact = facts_from(parse(json.dumps(resource)), patient="Patient/p1", extraction=extraction)
    assert isinstance(fact, Fact)
    return fact


def said(exam) -> str:
    regions = "+".join(exam.regions)
    return f"{exam.modality} {'foot' if exam.is_foot else '-'} [{regions}] {exam.laterality}"


TITLES = Table(
    title="The title of an exam",
    rule="Whole words: MRI or MR (not Mr.) is MR; X-ray, CT and the like are not; foot, ankle, "
    "hindfoot, midfoot, forefoot, heel and toe are the foot.",
    columns=("title", "exam"),
    rows=(
        row("MRI", "MRI LEFT ANKLE WITHOUT CONTRAST", "mr foot [ankle] left"),
        row("MR", "MR foot RT", "mr foot [foot] right"),
        row("lower case", "mri of both feet", "mr foot [foot] bilateral"),
        row(
            "spelled out",
            "Magnetic resonance imaging of ankle (procedure)",
            "mr foot [ankle] unknown",
        ),
        row("a mister", "Mr. Smith, left foot", "None foot [foot] left"),
        row("an upper-case mister", "MR. SMITH LEFT FOOT", "None foot [foot] left"),
        row("X-ray", "X-ray left foot 3 views", "not_mr foot [foot] left"),
        row("XR", "XR ANKLE L", "not_mr foot [ankle] left"),
        row("CT", "CT right hindfoot", "not_mr foot [hindfoot] right"),
        row("dual-energy CT", "Dual-energy CT foot", "not_mr foot [foot] unknown"),
        row("ultrasound", "Ultrasound heel", "not_mr foot [heel] unknown"),
        row("both", "CT and MRI foot", "mr foot [foot] unknown"),
        row("spaced", "MRI mid foot left", "mr foot [midfoot] left"),
        row("hyphenated", "MRI fore-foot", "mr foot [forefoot] unknown"),
        row("a toe", "MRI great toe right", "mr foot [toe] right"),
        row("foot and ankle", "MRI foot/ankle bilateral", "mr foot [foot+ankle] bilateral"),
        row("elsewhere", "MRI LEFT KNEE", "mr - [] left"),
        row("inside other words", "MRI footprint study of Armrest", "mr - [] unknown"),
        row("no modality", "Left ankle", "None foot [ankle] left"),
        row("nothing", "", "None - [] unknown"),
    ),
)


@TITLES.cases
def test_titles(title, expected):
    assert said(of_title(title)) == expected


ELSEWHERE = Table(
    title="The title of an exam of another part of the body",
    rule="It names a part of the body that is no leg, and no foot.",
    columns=("title", "elsewhere"),
    rows=(
        row("a knee", "MRI LEFT KNEE WITHOUT CONTRAST", "yes"),
        row("a brain", "MR brain", "yes"),
        row("a part of the spine", "MRI lumbar spine", "yes"),
        row("a foot", "MRI left foot", "no"),
        row("a foot beside another", "MRI knee and ankle", "no"),
        row("a leg, which may reach the foot", "MRI lower leg left", "no"),
        row("inside other words", "MRI Handel protocol", "no"),
        row("nothing", "MRI", "no"),
    ),
)


@ELSEWHERE.cases
def test_elsewhere(title, expected):
    assert ("yes" if of_title(title).is_elsewhere else "no") == expected


HEADS = Table(
    title="A text whose exam line names another part of the body",
    rule="The line headed exam, study or procedure, else the first line if it names MR. A title "
    "that names a foot goes before it.",
    columns=("title", "text", "elsewhere"),
    rows=(
        row("headed", "MRI", "EXAM: LEFT KNEE\nmarrow", "yes"),
        row("headed further below", "MRI", "Dr. A\n\nExamination: MR hip\nmarrow", "yes"),
        row("the first line", "Imaging report", "\nMRI brain\nmarrow", "yes"),
        row("the first line is a sentence", "MRI", "Pain of hip and knee.\nmarrow", "no"),
        row("another line", "MRI", "marrow\nMRI knee 2024 was normal.", "no"),
        row("headed a foot", "MRI", "MRI knee and more\nEXAM: MRI left foot\nmarrow", "no"),
        row("no title", "", "STUDY: MRI lumbar spine\nmarrow", "yes"),
        row("the title of a foot", "MRI left foot", "EXAM: MRI knee\nmarrow", "no"),
    ),
)


@HEADS.cases
def test_exam_line_elsewhere(title, text, expected):
    report = read(fhir.mri(said=text, code={"text": title})).report

    assert ("yes" if report.is_elsewhere else "no") == expected


def test_the_code_of_a_foot_goes_before_another_part_in_the_title():
    knee = {"text": "MRI knee"}
    coded, named = read(fhir.mri(code=fhir.coded("26242-8") | knee)), read(fhir.mri(code=knee))

    assert (coded.report.is_elsewhere, named.report.is_elsewhere) == (False, True)


@pytest.mark.parametrize(
    ("code", "exam"),
    [
        ("24707-2", "mr foot [foot] unknown"),
        ("26242-8", "mr foot [foot] left"),
        ("36471-1", "mr foot [foot] right"),
        ("26187-5", "mr foot [ankle] bilateral"),
        ("24687-6", "mr - [] unknown"),
        ("24703-1", "None - [] unknown"),
    ],
)
def test_a_report_code_names_modality_region_and_side(code, exam):
    report = read(fhir.mri(code=fhir.coded(code))).report

    assert report is not None
    assert said(report) == exam


def test_the_code_comes_before_the_title():
    report = read(fhir.mri(code=fhir.coded("36427-3") | {"text": "XR right foot"})).report

    assert report is not None
    assert said(report) == "mr foot [ankle+foot] left"


@pytest.mark.parametrize(
    ("members", "exam"),
    [
        ({}, "mr foot [ankle] unknown"),
        ({"modality": []}, "mr foot [ankle] unknown"),
        ({"series": []}, "mr - [] unknown"),
        ({"series": [], "description": "MRI foot left"}, "mr foot [foot] left"),
        ({"series": [], "procedureCode": [fhir.coded("26242-8")]}, "mr foot [foot] left"),
        ({"modality": [{"system": DCM, "code": "CT"}], "series": []}, "not_mr - [] unknown"),
        ({"modality": [{"system": DCM, "code": "CT"}]}, "mr foot [ankle] unknown"),
        ({"modality": [{"code": "MR"}], "series": []}, "mr - [] unknown"),
        ({"modality": [{"system": "urn:x", "code": "MR"}], "series": []}, "not_mr - [] unknown"),
        ({"modality": [{"system": DCM, "code": "SR"}], "series": []}, "None - [] unknown"),
        ({"modality": [], "series": [], "description": "MR ankle"}, "mr foot [ankle] unknown"),
        ({"series": [{"bodySite": {"system": SCT, "code": "67453005"}}]}, "mr foot [] unknown"),
        ({"series": [{"bodySite": {"system": SCT, "code": "61685007"}}]}, "mr - [] unknown"),
        ({"series": [{"bodySite": {"display": "Left foot"}}]}, "mr foot [foot] left"),
        ({"series": [{"bodySite": {"system": "urn:x", "code": "56459004"}}]}, "mr - [] unknown"),
        (
            {
                "series": [
                    {
                        "bodySite": {"system": SCT, "code": "56459004"},
                        "laterality": {"system": SCT, "code": side},
                    }
                    for side in ("7771000", "24028007")
                ]
            },
            "mr foot [foot] bilateral",
        ),
        (
            {"bodySite": {"system": SCT, "code": "416804009"}, "series": []},
            "mr foot [hindfoot] unknown",
        ),
    ],
)
def test_what_a_study_says(members, exam):
    found = read(fhir.study(**members)).study

    assert found is not None
    assert said(found) == exam


@pytest.mark.parametrize(
    ("status", "standing"),
    [("available", "counts"), ("registered", "held"), ("unknown", "held"), (None, "held")],
)
def test_status_of_a_study(status, standing):
    found = read(fhir.study(status=status)).study

    assert found is not None
    assert found.standing == standing


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error"])
def test_a_withdrawn_study_is_ignored(status):
    assert read(fhir.study(status=status)).study is None


@pytest.mark.parametrize(
    ("status", "standing"),
    [
        *((each, "counts") for each in ("final", "amended", "corrected", "appended")),
        *((each, "held") for each in ("registered", "partial", "preliminary", "unknown", None)),
    ],
)
def test_status_of_a_report(status, standing):
    found = read(fhir.mri(status=status)).report

    assert found is not None
    assert found.standing == standing


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error"])
def test_a_withdrawn_report_leaves_an_empty_fact(status):
    fact = read(fhir.mri(status=status))

    assert (fact.report, fact.lists, fact.version.is_withdrawn) == (None, (), True)


def test_the_keys_of_a_study():
    links = read(
        fhir.study(
            identifier=[
                {"system": "urn:dicom:uid", "value": "urn:oid:1.2.3"},
                {"system": "urn:acc", "value": "A1", "type": fhir.coded("ACSN", "urn:v2")},
                {"system": "urn:other", "value": "B1", "type": fhir.coded("FILL", "urn:v2")},
            ],
            basedOn=[
                {"reference": "ServiceRequest/q1"},
                {"identifier": {"system": "urn:o", "value": "9"}},
            ],
        )
    ).study.links  # type: ignore[union-attr]

    assert links.studies == ("ImagingStudy/s1",)
    assert links.uids == ("1.2.3",)
    assert links.accessions == ("urn:acc|A1",)
    assert links.based_on == ("ServiceRequest/q1", "urn:o|9")


def test_the_keys_of_a_report():
    links = read(
        fhir.mri(
            identifier=[{"system": "urn:acc", "value": "A1"}],
            imagingStudy=[
                {"reference": "http://h/fhir/ImagingStudy/s1"},
                {"identifier": {"system": "urn:dicom:uid", "value": "urn:oid:1.2.3"}},
                {"identifier": {"system": "urn:acc", "value": "A2"}},
            ],
            basedOn=[{"identifier": {"system": "urn:o", "value": "9"}}],
        ),
        orders={"urn:o|9": "ServiceRequest/q1"},
    ).report.links  # type: ignore[union-attr]

    assert links.studies == ("ImagingStudy/s1",)
    assert links.uids == ("1.2.3",)
    assert links.accessions == ("urn:acc|A1", "urn:acc|A2")
    assert links.based_on == ("urn:o|9", "ServiceRequest/q1")


def test_pieces_are_ordered_as_they_are_trusted():
    report = read(
        fhir.mri(
            text={"status": "generated", "div": "<div>marrow of the talus</div>"},
            presentedForm=[
                {"contentType": "text/plain", "data": "bWFycm93"},
                {"contentType": "image/png", "data": "bWFycm93"},
            ],
            contained=[
                {
                    "resourceType": "Observation",
                    "id": "a",
                    "code": fhir.coded("59776-5"),
                    "valueString": "marrow",
                }
            ],
            result=[{"reference": "#a"}, {"reference": "Observation/o9"}],
        )
    ).report

    assert report is not None
    assert [(p.where, p.unreadable) for p in report.pieces] == [
        ("presentedForm[0]", None),
        ("presentedForm[1]", "type"),
        ("conclusion", None),
        ("DiagnosticReport/r1#a", None),
        ("text", None),
    ]
    assert report.results == ("Observation/o9",)


def test_a_text_without_any_statement_is_no_text():
    report = read(fhir.mri(said="See attached report.")).report

    assert report is not None
    assert [p.unreadable for p in report.pieces] == ["no_text"]


def test_a_laboratory_report_is_no_imaging_report():
    category = [fhir.coded("LAB", "http://terminology.hl7.org/CodeSystem/v2-0074")]

    assert read(fhir.mri(category=category, code={"text": "Vitamin D"})).report is None
    assert read(fhir.mri(category=category)).report is not None


def test_the_text_of_an_observation_is_read_when_it_is_a_report_s():
    observation = fhir.lab(code=fhir.coded("18782-3"), valueQuantity=None, valueString="marrow")
    extraction = Extraction(reader=PlainReader(), codes=load_codes())
    resource = parse(json.dumps(observation))

    for is_listed in (False, True):
        fact = facts_from(
            resource, patient="Patient/p1", extraction=extraction, is_listed=is_listed
        )
        assert isinstance(fact, Fact)
        assert (fact.text is not None) is is_listed
