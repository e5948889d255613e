"""
Patients for the laws, as lists of lines of `tests.support.notation`.

Lines shrink to short lines, so a law that is broken shows a patient that can be read. Numbers and
days lie on and around every bound of the rules.
"""

from hypothesis import strategies as st

DAYS = st.one_of(
    st.sampled_from((0, 1, 2, -1, -10, -28, -84, -90, -91, -180, -181, -190, -191, -365, -366)),
    st.integers(-800, 5),
)
DATES = st.one_of(
    DAYS.map(lambda day: f"@{day}"),
    st.sampled_from(("@2024", "@2025", "@2026", "@2027", "@?")),
)
TIMES = st.sampled_from(("", " at=08:00", " at=12:01"))
NG_ML = st.sampled_from(("0.5", "4", "12", "14", "19.9", "20", "24", "30", "31", "100", "401"))
NMOL_L = st.sampled_from(("2", "10", "25", "49.9", "50", "74.9", "75", "250", "1001"))
SIGNS = st.sampled_from(("", "", "", "<", "<=", ">", ">="))
FORMS = st.sampled_from(("", "", "D3 ", "D2 "))
SIDES = st.sampled_from(("left", "right", "bilateral", "unknown"))
BONES = st.sampled_from(
    (
        "talus",
        "cuboid",
        "cuneiform_medial",
        "cuneiform_unspecified",
        "metatarsal_2",
        "metatarsal_unspecified",
        "sesamoid",
        "distal_tibia",
        "other",
    )
)
CERTAINTIES = st.sampled_from(("affirmed", "affirmed", "possible", "historical", "negated"))
STATUSES = st.sampled_from(
    ("", "", "", " amended", " preliminary", " unknown", " cancelled", " entered-in-error")
)
VERSIONS = st.sampled_from(("", " v=1", " v=2", " v=10"))
EXAMS = st.sampled_from(
    (
        "left foot",
        "right foot",
        "foot",
        "bilateral foot",
        "left ankle",
        "right forefoot",
        "left",
        "",
    )
)


def identity(most: int) -> st.SearchStrategy[str]:
    """Few ids, so that several lines are versions of one resource."""
    return st.integers(1, most).map(lambda number: f" id={number}")


@st.composite
def results(draw: st.DrawFn) -> str:
    """A line of a 25(OH)D result."""
    amount = draw(
        st.one_of(
            NG_ML.map(lambda number: f"{number} ng/mL"),
            NMOL_L.map(lambda number: f"{number} nmol/L"),
            st.sampled_from(("?value", "14", "ng/mL")),
        )
    )
    sign = draw(SIGNS) if amount[0].isdigit() else ""
    grouped = draw(st.sampled_from(("", "", " specimen=A", " panel=L", " panel=M")))
    return (
        f"result {draw(FORMS)}{sign}{amount} {draw(DATES)}{draw(TIMES)}"
        f"{draw(STATUSES)}{draw(VERSIONS)}{grouped}{draw(identity(6))}"
    )


@st.composite
def findings(draw: st.DrawFn) -> str:
    """What a report says of one bone, or of all marrow."""
    if draw(st.integers(0, 5)) == 0:
        return draw(st.sampled_from(("normal marrow", "left normal marrow", "hidden talus")))
    return f"{draw(SIDES)} {draw(BONES)} {draw(CERTAINTIES)}"


@st.composite
def reports(draw: st.DrawFn) -> str:
    """A line of an imaging report."""
    dated = draw(st.one_of(DATES, st.just("")))
    issued = draw(st.sampled_from(("", " issued=-9", " issued=-3")))
    tied = draw(st.sampled_from(("", "", " study=S", " study=T", " acc=h|7", " order=9")))
    how = draw(st.sampled_from(("", "", "", " CT", " untold", " scan", " language")))
    said = ", ".join(draw(st.lists(findings(), max_size=3)))
    return (
        f"report {dated}{draw(TIMES)}{issued}{tied} {draw(EXAMS)}{how}"
        f"{draw(STATUSES)}{draw(VERSIONS)}{draw(identity(5))}: {said}"
    )


@st.composite
def studies(draw: st.DrawFn) -> str:
    """A line of an ImagingStudy."""
    name = draw(st.sampled_from("ST"))
    dated = draw(st.one_of(DATES, st.just("")))
    modality = draw(st.sampled_from((" MR", " MR", " CT", "")))
    tied = draw(st.sampled_from(("", " acc=h|7", " order=9")))
    status = draw(st.sampled_from(("", " registered", " cancelled")))
    return f"study {name} {dated}{modality} {draw(EXAMS)}{tied}{status}{draw(VERSIONS)}"


PROBLEMS = st.one_of(
    st.tuples(st.sampled_from(("pain", "deficiency")), DATES, st.sampled_from(("", " resolved"))),
).map(lambda parts: f"{parts[0]} {parts[1]}{parts[2]}")
ORDERS = st.sampled_from(("order vitamin-d", "order foot-mr", "order vitamin-d completed"))

# Lines as they mostly are, so that most patients have something to decide on.
TYPICAL = st.sampled_from(
    (
        "result 14 ng/mL @-20 id=1",
        "result 24 ng/mL @-95 id=2",
        "result 31 ng/mL @-5 id=3",
        "result D3 16 ng/mL @-20 id=4",
        "result D2 <4 ng/mL @-20 id=5",
        "report @-10 left foot id=1: left talus affirmed",
        "report @-60 left foot id=2: left talus negated, left cuboid affirmed",
        "report @-110 left foot id=3: left talus affirmed",
        "report @-10 right ankle id=4: right talus possible",
        "report @-9 left foot scan id=5",
        "report @-8 left foot preliminary id=6: left talus affirmed",
        "study S @-10 MR left foot",
        "pain @-100",
        "pain @-80",
    )
)
LINES = st.one_of(results(), reports(), studies(), PROBLEMS, ORDERS)
PATIENTS = st.lists(st.one_of(TYPICAL, TYPICAL, LINES), max_size=8)
