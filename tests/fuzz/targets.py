"""
Every parser of what strangers send, each as a function of the bytes that came.

A parser may refuse (`BadInput`); any other exception, a hang or a hunger for memory is a defect.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.fuzz.answers import communications, header, server, token
from tests.fuzz.calls import bearer, hook_to_cards
from tests.fuzz.files import configuration, report_line, screened

from marrowd.cds.feedback import feedback_from
from marrowd.cds.requests import hook_request
from marrowd.cds.services import Hook
from marrowd.core.facts import Analyte
from marrowd.core.reader import Reader
from marrowd.errors import BadInput
from marrowd.fhir.bundles import items
from marrowd.fhir.dates import when
from marrowd.fhir.facts import Extraction, facts_from, ignored_because
from marrowd.fhir.json import canonical, parse
from marrowd.fhir.notifications import read_notification, read_status
from marrowd.fhir.quantities import amount
from marrowd.fhir.texts import text_of
from marrowd.rules.codes import load_codes
from marrowd.rules.vocabulary import load_vocabulary
from marrowd.web.keys import public_keys

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CODES = load_codes()
READER = Reader(load_vocabulary())
EXTRACTION = Extraction(reader=READER, codes=CODES)
_TYPES = ("application/pdf", "text/html", "application/rtf", "text/plain; charset=x", "")


def json_text(data: bytes) -> None:
    canonical(parse(data))


def notification(data: bytes) -> None:
    bundle = parse(data)
    if isinstance(bundle, dict):
        read_status(bundle)
        read_notification(bundle)


def resource(data: bytes) -> None:
    found = parse(data)
    for item in items(found):
        str(item)
    if isinstance(found, dict):
        ignored_because(found, CODES)
        facts_from(found, patient="Patient/p", extraction=EXTRACTION, is_listed=True)


def quantity(data: bytes) -> None:
    found = parse(data)
    if isinstance(found, dict):
        amount(found, analyte=Analyte.TOTAL)


def hook(data: bytes) -> None:
    called = parse(data)
    for each in Hook:
        try:
            hook_request(called, each)
        except BadInput:
            continue


def feedback(data: bytes) -> None:
    feedback_from(parse(data), now=NOW, quiet=timedelta(days=90))


def date(data: bytes) -> None:
    when(data.decode("utf-8", "replace"), zone=UTC)


def key_set(data: bytes) -> None:
    public_keys(data)


def report(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for statement in READER.read(text).statements:
        if text[statement.start : statement.end] != statement.evidence:
            message = "evidence is not what stands there"
            raise AssertionError(message)


def document(data: bytes) -> None:
    """Open a document: in the service its parsers may raise, but neither hang nor eat memory."""
    if not data:
        return
    try:
        text_of(data[1:], _TYPES[data[0] % len(_TYPES)])
    except BadInput:
        raise
    except Exception:  # noqa: BLE001 - as in fhir/parsing_child.py, where this is "broken"
        return


TARGETS: dict[str, Callable[[bytes], None]] = {
    each.__name__: each
    for each in (
        *(json_text, notification, resource, quantity, hook, feedback, date, key_set, report),
        *(document, server, communications, token, header, hook_to_cards, bearer, screened),
        *(report_line, configuration),
    )
}
