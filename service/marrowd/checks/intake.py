"""The way notifications come in, walked from outside: public_url, the path, the secret."""

from typing import Final

import aiohttp
import orjson

from marrowd.app import Access
from marrowd.checks.asking import ask
from marrowd.checks.remarks import Remark, away, fine, note, wrong

# A type that the service does not use: let in by the secret, counted as ignored, kept nowhere.
_REF: Final = "Basic/marrowd-doctor"
_BODY: Final = orjson.dumps({"resourceType": "Basic", "id": "marrowd-doctor"})
_NO_CONTENT, _UNAUTHORIZED, _NOT_FOUND = 204, 401, 404


async def check_intake(access: Access, session: aiohttp.ClientSession) -> Remark:
    """Send what a FHIR server would, from this machine."""
    source = access.source
    place = f"source {source.name}: notifications"
    secret = source.notification_secret[0].get_secret_value()
    asked = await ask(
        session,
        "PUT",
        f"{access.endpoint}/{_REF}",
        headers={"Authorization": f"Bearer {secret}", "Content-Type": "application/fhir+json"},
        body=_BODY,
    )
    match asked.status:
        case None:
            return away(
                place,
                f"{asked.problem} at http.public_url",
                "start `marrowd serve`; else see that http.public_url leads to it, through proxy "
                "and firewall",
            )
        case int() if asked.status == _NO_CONTENT:
            return fine(place, "they arrive under http.public_url with this secret")
        case int() if asked.status == _UNAUTHORIZED:
            return wrong(
                place,
                "the running service has another notification secret",
                "give both the same notification_secret; a file is read again within seconds "
                "(secret_refused in the log: its content cannot be used), all else at a restart",
            )
        case int() if asked.status == _NOT_FOUND:
            return wrong(
                place,
                f"what answers at http.public_url knows no source {source.name}",
                "http.public_url must lead to the service with its path unchanged; restart it "
                "after a change of the configuration",
            )
        case _:
            return note(
                place,
                f"http.public_url answered {asked.status}",
                "503: see the store; else: see the proxy in front of the service",
            )
