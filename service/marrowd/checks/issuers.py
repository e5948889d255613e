"""Who may call the hooks: can their keys be had, and is there one among them that will do?"""

import aiohttp

from marrowd.checks.remarks import Remark, away, fine, wrong
from marrowd.errors import EhrUnavailable
from marrowd.settings import Issuer
from marrowd.web.keys import KeyUrl, public_keys

_MEND = (
    "give the address of the EHR's JWKS, as its documentation names it; it must hold a signing key "
    "for ES384 (EC on P-384) or RS384 (RSA from 2048 bits) with a kid"
)


async def check_issuer(issuer: Issuer, session: aiohttp.ClientSession) -> list[Remark]:
    """Fetch the key set as the service would; a file was looked at with the configuration."""
    if issuer.jwks_url is None:
        return []
    place = f"hooks.issuers {issuer.iss}: jwks_url"
    try:
        count = public_keys(await KeyUrl(session, issuer.jwks_url).load())
    except EhrUnavailable as error:
        return [away(place, str(error), _MEND)]
    if not count:
        return [wrong(place, "it holds no key that the service accepts", _MEND)]
    return [fine(place, f"{count} keys")]
