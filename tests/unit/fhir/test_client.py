import base64
import json
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest
from tests.support.fhir_server import Fault, FhirServer, running
from tests.support.patience import PATIENCE_S

from marrowd.errors import BadConfiguration, BadInput, EhrUnavailable
from marrowd.fhir.answers import (
    Absent,
    Forbidden,
    Rejected,
    TooLarge,
    Unreachable,
    Unusable,
    seconds_to_wait,
)
from marrowd.fhir.authorization import authorization_for
from marrowd.fhir.client import FhirClient
from marrowd.fhir.transport import Limits, Transport
from marrowd.settings import Auth, BasicAuth, BearerAuth, NoAuth, Rotation, SmartBackendAuth, Source
from marrowd.telemetry.metrics import CallOutcome, Operation

LIMITS = Limits(
    timeout_s=PATIENCE_S, max_bytes=300_000, tries=3, first_pause_s=0.001, longest_pause_s=0.05
)
MARKER = "Zebediah"
RNG = random.Random(1)  # noqa: S311 - jitter


class Renewing:
    """Credentials that are stale until renewed."""

    def __init__(self) -> None:
        self.token = "stale"

    async def header(self) -> str | None:
        return f"Bearer {self.token}"

    async def renew(self, refused: str | None) -> bool:
        self.token = "fresh"
        return refused == "Bearer stale"

    async def close(self) -> None:
        pass


@pytest.fixture
async def server() -> AsyncIterator[FhirServer]:
    async with running(FhirServer(page_size=2)) as server:
        yield server


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def calls() -> list[tuple[Operation, CallOutcome]]:
    return []


@pytest.fixture
def client(
    server: FhirServer,
    session: aiohttp.ClientSession,
    calls: list[tuple[Operation, CallOutcome]],
) -> FhirClient:
    transport = Transport(
        session,
        limits=LIMITS,
        observe=lambda operation, outcome, _s: calls.append((operation, outcome)),
        rng=random.Random(1),  # noqa: S311 - jitter
    )
    return FhirClient(transport, server.base_url)


def an_observation(ident: str = "1") -> dict[str, object]:
    return {"resourceType": "Observation", "id": ident, "subject": {"reference": "Patient/1"}}


async def test_read_gives_the_resource_with_numbers_as_written(
    client: FhirClient, server: FhirServer
) -> None:
    server.faults.append(
        Fault(
            prefix="/Observation/1",
            status=200,
            body=b'{"resourceType":"Observation","id":"1","valueQuantity":{"value":20.0}}',
        )
    )

    assert str((await client.read("Observation/1"))["valueQuantity"]["value"].text) == "20.0"


@pytest.mark.parametrize(
    ("status", "error", "tries"),
    [
        pytest.param(400, Rejected, 1, id="bad request"),
        pytest.param(401, Unusable, 1, id="unauthorized"),
        pytest.param(403, Forbidden, 1, id="forbidden"),
        pytest.param(404, Absent, 1, id="never there"),
        pytest.param(409, EhrUnavailable, 3, id="changed by somebody else just now"),
        pytest.param(410, Absent, 1, id="gone"),
        pytest.param(422, Rejected, 1, id="unprocessable"),
        pytest.param(302, Unusable, 1, id="redirect"),
        pytest.param(429, EhrUnavailable, 3, id="too many"),
        pytest.param(500, EhrUnavailable, 3, id="broken"),
        pytest.param(503, Unreachable, 3, id="down"),
        pytest.param(504, Unreachable, 3, id="gateway"),
    ],
)
async def test_a_refusal_says_what_the_caller_must_do(
    client: FhirClient, server: FhirServer, status: int, error: type[Exception], tries: int
) -> None:
    headers = {"Location": "http://127.0.0.1:1/elsewhere"}
    body = f'{{"resourceType":"OperationOutcome","text":"{MARKER}"}}'.encode()
    server.faults.append(Fault(prefix="/Observation", status=status, headers=headers, body=body))

    with pytest.raises(error) as caught:
        await client.read(f"Observation/{MARKER}")

    assert tries == len(server.seen)
    assert MARKER not in str(caught.value)
    assert type(caught.value) is error


async def test_a_server_that_comes_back_is_asked_again(
    client: FhirClient, server: FhirServer, calls: list[tuple[Operation, CallOutcome]]
) -> None:
    server.put(an_observation())
    server.faults.append(Fault(prefix="/Observation", status=503, times=2))

    assert (await client.read("Observation/1"))["id"] == "1"
    assert [c[1] for c in calls] == [
        CallOutcome.UNAVAILABLE,
        CallOutcome.UNAVAILABLE,
        CallOutcome.OK,
    ]


async def test_a_long_retry_after_is_left_to_the_worker(
    client: FhirClient, server: FhirServer
) -> None:
    server.faults.append(Fault(prefix="/Observation", status=429, headers={"Retry-After": "120"}))

    with pytest.raises(EhrUnavailable) as caught:
        await client.read("Observation/1")

    assert (len(server.seen), caught.value.retry_after_s) == (1, 120.0)


async def test_a_slow_answer_is_given_up(
    server: FhirServer, session: aiohttp.ClientSession
) -> None:
    server.faults.append(Fault(prefix="/Observation", delay_s=5.0))
    client = FhirClient(Transport(session, limits=Limits(timeout_s=0.05, tries=1)), server.base_url)

    with pytest.raises(EhrUnavailable):
        await client.read("Observation/1")


async def test_an_endless_answer_is_cut_at_the_cap(client: FhirClient, server: FhirServer) -> None:
    server.faults.append(Fault(prefix="/Binary", is_endless=True))

    with pytest.raises(TooLarge):
        await client.content("Binary/1")


async def test_nobody_listening_is_unavailable(session: aiohttp.ClientSession) -> None:
    client = FhirClient(Transport(session, limits=LIMITS), "http://127.0.0.1:9/fhir")

    with pytest.raises(EhrUnavailable):
        await client.capabilities()


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        pytest.param("text/html", b"<html>maintenance</html>", id="a page"),
        pytest.param("application/fhir+json", b"{", id="half JSON"),
        pytest.param("application/fhir+json", b"[]", id="no resource"),
        pytest.param(
            "application/fhir+json", b'{"resourceType":"Observation","id":"2"}', id="another"
        ),
    ],
)
async def test_an_answer_that_is_not_the_resource_is_unusable(
    client: FhirClient, server: FhirServer, content_type: str, body: bytes
) -> None:
    server.faults.append(
        Fault(prefix="/Observation", status=200, headers={"Content-Type": content_type}, body=body)
    )

    with pytest.raises(Unusable):
        await client.read("Observation/1")


async def test_search_follows_pages(client: FhirClient, server: FhirServer) -> None:
    for number in range(5):
        server.put(an_observation(str(number)))

    found = await client.search("Observation", [("patient", "Patient/1")])

    assert [r["id"] for r in found] == ["0", "1", "2", "3", "4"]
    assert len(server.seen) == 3


async def test_a_part_of_a_search_is_never_taken_for_all_of_it(
    client: FhirClient, server: FhirServer
) -> None:
    for number in range(5):
        server.put(an_observation(str(number)))

    with pytest.raises(TooLarge):
        await client.search("Observation", [("patient", "Patient/1")], max_pages=2)


@pytest.mark.parametrize(
    "elsewhere",
    [
        "http://127.0.0.1:1/fhir",
        "{root}/other",
        "{root}/fhir/../admin",
        "{root}/fhirx",
        "ftp://x/fhir",
    ],
)
async def test_a_page_link_that_leads_away_is_refused(
    client: FhirClient, server: FhirServer, elsewhere: str
) -> None:
    for number in range(3):
        server.put(an_observation(str(number)))
    server.next_base = elsewhere.format(root=server.base_url.removesuffix("/fhir"))

    with pytest.raises(BadInput):
        await client.search("Observation", [("patient", "Patient/1")])

    assert len(server.seen) == 1


async def test_a_private_search_keeps_identifiers_out_of_the_url(
    client: FhirClient, server: FhirServer
) -> None:
    server.put({**an_observation(), "identifier": [{"system": "urn:acc", "value": "A 1+2"}]})

    found = await client.search("Observation", [("identifier", "urn:acc|A 1+2")], is_private=True)

    assert [r["id"] for r in found] == ["1"]
    assert [(s.method, s.path, s.query) for s in server.seen] == [
        ("POST", "/Observation/_search", "")
    ]


@pytest.mark.parametrize("is_wrapped", [False, True])
async def test_a_binary_is_read_raw_or_wrapped(
    client: FhirClient, server: FhirServer, *, is_wrapped: bool
) -> None:
    text = b"{\\rtf1 %b}" % (b"edema " * 20)
    data = base64.encodebytes(text).decode()  # in lines
    server.put({"resourceType": "Binary", "id": "1", "contentType": "text/rtf", "data": data})
    server.wraps_binaries = is_wrapped

    content = await client.content(f"{server.base_url}/Binary/1", content_type="text/rtf")

    assert (content.data, content.content_type) == (text, "text/rtf")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/fhir/Binary/1",
        "//evil/fhir/Binary/1",
        "file:///etc/passwd",
        "../Binary/1",
    ],
)
async def test_an_attachment_elsewhere_is_not_fetched(
    client: FhirClient, server: FhirServer, url: str
) -> None:
    with pytest.raises(BadInput):
        await client.content(url)

    assert server.seen == []


@pytest.mark.parametrize(
    "ref", ["Observation/..", "Observation/a/b", "../x", "Observation", "a/1?x=y"]
)
async def test_only_references_are_read(client: FhirClient, server: FhirServer, ref: str) -> None:
    with pytest.raises(BadInput):
        await client.read(ref)

    assert server.seen == []


async def test_create_update_and_delete(client: FhirClient, server: FhirServer) -> None:
    resource = {"resourceType": "Subscription", "criteria": "Observation?"}

    ref = await client.create(resource)
    await client.update(ref, {**resource, "status": "requested"}, if_match="1")
    again = await client.create(resource, if_none_exist=[("criteria", "Observation?")])

    assert ref == again
    assert server.resources[ref]["status"] == "requested"
    assert server.asked("/Subscription/")[0].headers["If-Match"] == 'W/"1"'
    await client.delete(ref)
    assert server.of_type("Subscription") == []


async def test_a_create_without_condition_is_not_repeated(
    client: FhirClient, server: FhirServer
) -> None:
    server.faults.append(Fault(prefix="/Subscription", is_dropped=True))

    with pytest.raises(EhrUnavailable):
        await client.create({"resourceType": "Subscription"})

    assert len(server.seen) == 1


async def test_a_refused_token_is_renewed_once(
    server: FhirServer, session: aiohttp.ClientSession
) -> None:
    server.put(an_observation())
    server.faults.append(Fault(prefix="/Observation", status=401, times=1))
    transport = Transport(session, authorization=Renewing(), limits=LIMITS)

    await FhirClient(transport, server.base_url).read("Observation/1")

    assert [s.headers["Authorization"] for s in server.seen] == ["Bearer stale", "Bearer fresh"]


def a_source(auth: Auth) -> Source:
    base_url = "https://fhir.example.org"
    return Source(name="main", base_url=base_url, notification_secret="s" * 16, auth=auth)


def now() -> datetime:
    return datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("auth", "header"),
    [
        (NoAuth(), None),
        (BasicAuth(kind="basic", user="u", password="p"), "Basic dTpw"),
        (BearerAuth(kind="bearer", token="t"), "Bearer t"),
    ],
)
async def test_configured_credentials(
    auth: NoAuth | BasicAuth | BearerAuth, header: str | None, session: aiohttp.ClientSession
) -> None:
    authorization = authorization_for(
        a_source(auth), session, rotation=Rotation(), clock=now, rng=RNG
    )

    assert header == await authorization.header()
    assert not await authorization.renew(header)
    await authorization.close()


async def test_a_private_key_that_is_none_is_told_with_its_place(
    session: aiohttp.ClientSession,
) -> None:
    auth = SmartBackendAuth(kind="smart-backend", client_id="c", private_key="k", key_id="1")

    with pytest.raises(BadConfiguration, match=r"sources main: .*private_key cannot be read"):
        authorization_for(a_source(auth), session, rotation=Rotation(), clock=now, rng=RNG)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("Sun, 01 Mar 2026 12:01:00 GMT", 60.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-1", None),
    ],
)
def test_retry_after_is_read(header: str | None, seconds: float | None) -> None:
    assert seconds == seconds_to_wait(header, now=datetime(2026, 3, 1, 12, tzinfo=UTC))


async def test_empty_pages_without_end_are_left(client: FhirClient, server: FhirServer) -> None:
    server.endless = True

    with pytest.raises(Unusable, match="circle"):
        [page async for page in client.pages("Observation", [])]
    assert len(server.seen) < 50


async def test_a_page_that_comes_again_under_another_link_is_left(
    client: FhirClient, server: FhirServer
) -> None:
    server.put({"resourceType": "Observation", "id": "1"})
    server.endless = True

    with pytest.raises(Unusable, match="circle"):
        [page async for page in client.pages("Observation", [])]
    assert len(server.seen) == 2


async def test_pages_that_lead_in_a_circle_are_left(client: FhirClient, server: FhirServer) -> None:
    link = {"relation": "next", "url": f"{server.base_url}/Observation?page=1"}
    bundle = {"resourceType": "Bundle", "type": "searchset", "link": [link]}
    server.faults.append(Fault(prefix="/Observation", status=200, body=json.dumps(bundle).encode()))

    with pytest.raises(Unusable, match="circle"):
        await client.search("Observation", [])


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"resourceType": "Observation", "id": "1"}, id="not a Bundle"),
        pytest.param(
            {"resourceType": "Bundle", "link": [{"relation": "next", "url": "http://[x/"}]},
            id="a link that is no URL",
        ),
    ],
)
async def test_a_search_answered_with_something_else_finds_nothing(
    client: FhirClient, server: FhirServer, answer: dict[str, object]
) -> None:
    server.faults.append(Fault(prefix="/Observation", status=200, body=json.dumps(answer).encode()))

    with pytest.raises((Unusable, BadInput)):
        await client.search("Observation", [])


async def test_what_is_not_a_match_is_left_out(client: FhirClient, server: FhirServer) -> None:
    entries = [
        {"resource": {"resourceType": "OperationOutcome"}, "search": {"mode": "outcome"}},
        {"resource": an_observation()},
        {"resource": None},
        "nonsense",
    ]
    bundle = {"resourceType": "Bundle", "type": "searchset", "link": ["x"], "entry": entries}
    server.faults.append(Fault(prefix="/Observation", status=200, body=json.dumps(bundle).encode()))

    assert [r["id"] for r in await client.search("Observation", [])] == ["1"]


async def test_a_wrapper_without_base64_is_bad_input(
    client: FhirClient, server: FhirServer
) -> None:
    server.wraps_binaries = True
    server.put({"resourceType": "Binary", "id": "1", "contentType": "text/plain", "data": "é"})

    with pytest.raises(BadInput, match="broken at data"):
        await client.content("Binary/1")


async def test_another_resource_as_content_is_its_json(
    client: FhirClient, server: FhirServer
) -> None:
    server.put(an_observation())

    content = await client.content("Observation/1")

    assert content.content_type == "application/fhir+json"
    assert json.loads(content.data)["id"] == "1"


async def test_a_created_resource_without_location_is_known_by_its_body(
    client: FhirClient, server: FhirServer
) -> None:
    body = b'{"resourceType":"Subscription","id":"s1"}'
    server.faults.append(Fault(prefix="/Subscription", status=201, body=body))

    assert await client.create({"resourceType": "Subscription"}) == "Subscription/s1"


async def test_a_large_answer_is_parsed_off_the_loop(
    client: FhirClient, server: FhirServer
) -> None:
    server.put({**an_observation(), "note": [{"text": "x" * 250_000}]})

    assert (await client.read("Observation/1"))["id"] == "1"


async def test_capabilities_show_that_a_server_is_there(client: FhirClient) -> None:
    assert (await client.capabilities())["resourceType"] == "CapabilityStatement"


async def test_a_type_that_is_none_is_refused_before_it_is_asked(
    client: FhirClient, server: FhirServer
) -> None:
    with pytest.raises(BadInput):
        await client.search("../Patient", [])

    assert server.seen == []
