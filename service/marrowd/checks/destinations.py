"""Where cards go: is anybody there? No card is sent for it."""

import aiohttp

from marrowd.checks.asking import ask
from marrowd.checks.remarks import Remark, away, fine, note, wrong
from marrowd.settings import Destination

_REFUSALS = frozenset({401, 403})
_GONE = frozenset({404, 410})
_DOWN = 500


async def check_destination(destination: Destination, session: aiohttp.ClientSession) -> Remark:
    """Ask what the endpoint allows (OPTIONS), or read a FHIR server's statement."""
    place = f"destination {destination.name}"
    token = destination.token
    headers = {} if token is None else {"Authorization": f"Bearer {token.get_secret_value()}"}
    if destination.kind == "fhir":
        asked = await ask(session, "GET", f"{destination.url}/metadata", headers=headers)
    else:
        asked = await ask(session, "OPTIONS", destination.url, headers=headers)
    if asked.status is None:
        mend = "see that the EHR's endpoint is up and that destinations.url names it"
        return away(place, asked.problem, mend)
    if asked.status in _REFUSALS and token is not None:
        mend = "give the token that the EHR expects; a scope or an address filter may be missing"
        return wrong(place, f"it answers {asked.status} to our token", mend)
    if asked.status in _GONE:
        mend = "see that destinations.url is whole; some servers answer so to anything but a card"
        return note(place, f"it answers {asked.status}", mend)
    if asked.status >= _DOWN:
        return away(place, f"it answers {asked.status}", "see that the EHR's endpoint works")
    return fine(place, "it answers")
