"""What can be told from the configuration alone: `config check` says it before anything runs."""

from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from marrowd.checks.remarks import Remark, note, wrong
from marrowd.settings import Settings
from marrowd.web.keys import public_keys
from marrowd.web.trust import is_loopback

_PUBLIC_URL = "http.public_url"
_ASKS_FOR_TLS = frozenset({"require", "verify-ca", "verify-full"})  # of sslmode
_LEAST_BITS = 128  # of a secret that signs: fewer can be tried out


def configured(settings: Settings) -> list[Remark]:
    """Look at what no section can see by itself."""
    return [
        *_hooks(settings),
        *_issuers(settings),
        *_secrets(settings),
        *_addresses(settings),
        *_in_clear(settings),
        *_retention(settings),
    ]


def _hooks(settings: Settings) -> Iterator[Remark]:
    hooks, host = settings.hooks, settings.http.host
    if hooks.require_jwt and not hooks.issuers:
        yield note(
            "hooks.issuers",
            "there are none, so every call of a hook is answered 401",
            "add [[hooks.issuers]] with iss and jwks_url of your EHR; ignore this without hooks",
        )
    if not hooks.require_jwt and not is_loopback(host) and not hooks.insecure:
        yield wrong(
            "hooks.require_jwt",
            "it is off and http.host is reachable from outside: anybody could ask for cards",
            "configure hooks.issuers, listen on 127.0.0.1, or set hooks.insecure",
        )


def _issuers(settings: Settings) -> Iterator[Remark]:
    for issuer in settings.hooks.issuers:
        place = f"hooks.issuers {issuer.iss}"
        if (issuer.jwks_file is None) == (issuer.jwks_url is None):
            yield wrong(
                place,
                "it has no keys, or two places for them",
                "give exactly one of jwks_url (which the EHR publishes) and jwks_file",
            )
        elif issuer.jwks_file is not None and not _count_in(issuer.jwks_file):
            yield wrong(
                f"{place}: jwks_file",
                "it holds no key for ES384 or RS384",
                "put the EHR's public key set (JWKS: kid, kty EC on P-384 or RSA from 2048 bits) "
                "there, readable for the service's user",
            )
        elif issuer.jwks_url is not None and _is_clear(issuer.jwks_url):
            yield wrong(
                f"{place}: jwks_url", "keys would come in clear text", "give its https address"
            )


def _count_in(path: str) -> int:
    try:
        return public_keys(Path(path).read_bytes())
    except OSError:
        return 0


def _secrets(settings: Settings) -> Iterator[Remark]:
    for destination in settings.destinations:
        for secret in destination.secret or ():
            try:
                Webhook(secret.get_secret_value())
                key = b64decode(secret.get_secret_value().removeprefix("whsec_"))
            except (EmptyWebhookSecretError, ValueError):
                yield wrong(
                    f"destinations {destination.name}: secret",
                    "it is no Standard Webhooks secret",
                    'give the EHR\'s own, "whsec_" and base64; a bearer token goes into token',
                )
                continue
            if len(key) * 8 < _LEAST_BITS:
                yield note(
                    f"destinations {destination.name}: secret",
                    f"it is shorter than {_LEAST_BITS} bits and could be tried out",
                    "agree on one of 24 to 64 random bytes with the EHR",
                )


def _addresses(settings: Settings) -> Iterator[Remark]:
    """Compare where Subscriptions point to with where the FHIR server is."""
    url = settings.http.public_url
    remote = [
        source.name
        for source in settings.sources
        if source.subscribe != "none" and not is_loopback(urlsplit(source.base_url).hostname or "")
    ]
    if remote and url is None:
        yield note(
            _PUBLIC_URL,
            f"it is not set, so {', '.join(remote)} would send notifications to "
            f"http://{settings.http.host}:{settings.http.port}, which is not this machine there",
            "set it to the address under which the FHIR server reaches the service",
        )
    elif remote and url is not None and is_loopback(urlsplit(url).hostname or ""):
        yield note(
            _PUBLIC_URL,
            f"it is loopback, which for {', '.join(remote)} is another machine",
            "set it to the address under which the FHIR server reaches the service",
        )
    elif url is not None and _is_clear(url):
        yield note(
            _PUBLIC_URL,
            "notifications and their secret would come in clear text",
            "put TLS in front of the service and give the https address",
        )


def _in_clear(settings: Settings) -> Iterator[Remark]:
    """Tell where patient data and credentials would go to another machine unencrypted."""
    places = [(f"sources {source.name}: base_url", source.base_url) for source in settings.sources]
    places += [(f"destinations {to.name}: url", to.url) for to in settings.destinations]
    for place, url in places:
        if _is_clear(url):
            yield note(place, "what is sent there goes in clear text", "give its https address")
    try:
        store = make_url(settings.store.url.get_secret_value())
    except (ArgumentError, ValueError):
        says = "it is no address of a database"
        yield wrong("store.url", says, "a port is a number: see docs/configuration.md")
        return
    is_remote = store.host is not None and not is_loopback(store.host)
    if is_remote and store.query.get("sslmode") not in _ASKS_FOR_TLS:
        yield note(
            "store.url",
            "where the database offers no TLS, all goes in clear text without a word",
            "end it with ?sslmode=verify-full, or ?sslmode=require",
        )


def _retention(settings: Settings) -> Iterator[Remark]:
    policy = settings.policy
    # The oldest result that governs was drawn that long before the oldest report that speaks.
    speaks = policy.recency + policy.window_before
    if settings.retention.evidence < speaks:
        yield note(
            "retention.evidence",
            "evidence is forgotten while it may still decide, and its card is then not shown",
            f"make it {speaks.days}d (policy.recency and policy.window_before) or longer",
        )


def _is_clear(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme != "https" and not is_loopback(parts.hostname or "")
