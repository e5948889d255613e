"""One FHIR server: there, in time, letting us in, and telling us of changes."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import assert_never

import aiohttp

from marrowd.app import Access
from marrowd.checks.asking import ask
from marrowd.checks.remarks import Remark, away, fine, note, wrong
from marrowd.errors import MarrowdError
from marrowd.fhir.answers import Absent, Forbidden, Rejected, Unreachable, Unusable
from marrowd.fhir.members import text
from marrowd.fhir.subscriptions import NOT_SHOWN, Action, Create, Delete, Keep, Update
from marrowd.settings import SmartBackendAuth, Source
from marrowd.work.subscriptions import differences

CLOCK_S = 30.0  # what tokens and signatures bear; the JWT leeway of most EHRs is no larger
_R4 = "4.0"
_ONE = (("code", "http://loinc.org|62292-8"), ("_count", "1"))
_SYNC = "run `marrowd subscriptions sync`"


async def check_source(
    access: Access,
    session: aiohttp.ClientSession,
    *,
    clock: Callable[[], datetime],
    refused: Collection[str] = (),
) -> list[Remark]:
    """
    Look at one source; where a step fails, those that stand on it are left out.

    Args:
        access: the source.
        session: asks before anybody is let in.
        clock: gives the time.
        refused: Subscriptions that the server is known not to take.
    """
    place = f"source {access.source.name}"
    asked_at = clock()
    asked = await ask(session, "GET", f"{access.source.base_url}/metadata")
    if asked.status is None:
        return [away(place, asked.problem, "see that the server is up and that base_url names it")]
    found = []
    if asked.date is not None:
        found.append(_in_time(place, (asked.date - asked_at).total_seconds()))
    let_in = await _let_in(place, access)
    found.append(let_in)
    if let_in.mend:
        return found
    return [*found, *await _subscriptions(place, access, refused)]


def _in_time(place: str, ahead_s: float) -> Remark:
    # An HTTP date has whole seconds.
    if abs(ahead_s) <= CLOCK_S:
        return fine(place, "its clock and this one agree")
    says = f"its clock is {abs(ahead_s):.0f} s {'ahead of' if ahead_s > 0 else 'behind'} this one"
    return wrong(place, says, "set both by NTP: tokens and signatures are refused otherwise")


async def _let_in(place: str, access: Access) -> Remark:
    """Read the server's statement and search, as the service does."""
    try:
        statement = await access.client.capabilities()
        version = text(statement.get("fhirVersion"))
        if not version.startswith(_R4):
            return wrong(
                place, "it does not speak FHIR R4", "give the base_url of the server's R4 endpoint"
            )
        async for _ in access.client.pages("Observation", _ONE):
            break
    except MarrowdError as error:
        return _refused(place, access.source, error)
    return fine(place, f"it speaks FHIR {version} and lets us search")


def _refused(place: str, source: Source, error: MarrowdError) -> Remark:
    says = str(error)
    if "token endpoint" in says or says.startswith(("token ", "discovery ")):
        tell = away if isinstance(error, Unreachable) else wrong
        return tell(f"{place}: auth", says, _token_mend(source))
    match error:
        case Absent():
            return wrong(
                place,
                f"{says}: there is no FHIR server under base_url",
                "base_url ends where /metadata begins, such as https://fhir.example.org/r4",
            )
        case Forbidden():
            return wrong(
                place,
                f"{says}: it knows us and does not let us read",
                "grant the client read and search on the types of docs/ehr.md",
            )
        case Unusable():
            return wrong(place, says, _credentials_mend(source))
        case Rejected():
            return wrong(place, f"{says}: it refuses a search by code", "see docs/ehr.md, searches")
        case _:
            return away(place, says, "see that the server is up and that base_url names it")


def _token_mend(source: Source) -> str:
    url = source.auth.token_url if isinstance(source.auth, SmartBackendAuth) else None
    where = "auth.token_url names it" if url else "base_url has a SMART configuration"
    return (
        f"see that the token endpoint is up and {where}; that client_id and scope are as "
        "registered, and that the public key of private_key is, under key_id"
    )


def _credentials_mend(source: Source) -> str:
    match source.auth.kind:
        case "none":
            return "the server asks who we are: configure auth"
        case "basic":
            return "auth.user or auth.password is not what the server knows"
        case "bearer":
            return "auth.token is not what the server knows, or has run out"
        case "smart-backend":
            return "the server refuses tokens of its own endpoint: is base_url on the same system?"
        case _:
            assert_never(source.auth)


async def _subscriptions(place: str, access: Access, refused: Collection[str]) -> list[Remark]:
    if not access.wanted:
        return [note(place, "others make its Subscriptions", "")]
    try:
        actions = await differences(access.client, access.wanted, endpoint=access.endpoint)
    except MarrowdError as error:
        says = f"its Subscriptions cannot be read: {error}"
        mend = (
            "grant the client search and write on Subscription (SMART: system/Subscription.cruds)"
        )
        return [wrong(place, says, mend)]
    found = [told for action in actions if (told := _of_action(place, action, refused)) is not None]
    return found or [fine(place, "its Subscriptions are as they should be")]


def _of_action(  # noqa: PLR0911 - a table
    place: str, action: Action, refused: Collection[str]
) -> Remark | None:
    """Say what a plan to put them right tells of how they are; None: nothing."""
    match action:
        case Create(wanted=one) if one.slug in refused:
            return note(place, f"it takes no Subscription for {one.slug}", _STANDS_IN)
        case Create(wanted=one):
            return wrong(place, f"there is no Subscription for {one.slug}", _SYNC)
        case Update(ref=ref, why="secret"):
            mend = f"{_SYNC}, which gives it the first that is configured"
            return wrong(place, f"{ref} carries another notification secret", mend)
        case Update(ref=ref, why="status"):
            says = f"{ref} is in error or off: the server gave up sending notifications"
            return wrong(place, says, _MEND_ERROR)
        case Update(ref=ref, why=why) if why != NOT_SHOWN:
            return wrong(place, f"{ref} is not as it should be: {why}", _SYNC)
        case Keep(ref=ref, state="requested"):
            return note(place, f"{ref} is not active yet", _WAIT)
        case Delete(ref=ref):
            return note(place, f"{ref} is ours and not needed", _SYNC)
        case _:
            return None


_STANDS_IN = (
    "the sweep brings them, late by up to sources.sweep_every; it is asked for again once a day"
)
_WAIT = "look again in a minute; a server that stays so does not reach http.public_url"
_MEND_ERROR = (
    "its error member says why: most often http.public_url cannot be reached from there or its "
    f"certificate is not trusted there. Mend that, then {_SYNC}"
)
