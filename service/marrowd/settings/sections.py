"""
Every section and key of the configuration, with unit and reason of each default beside it.

The whole reference with an example of each is docs/configuration.md, checked against these classes.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from marrowd.settings.section import Days, Duration, Period, Section

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
OneOrTwoSecrets = Annotated[
    tuple[SecretStr, ...],
    BeforeValidator(lambda v: v if isinstance(v, list | tuple) else (v,)),
    Field(min_length=1, max_length=2),
]


def _is_web_address(value: str) -> bool:
    """Say whether *value* names a host, and a port, if any, that is one."""
    if not value.isprintable() or " " in value:
        return False
    try:
        parts = urlsplit(value)
        _ = parts.port  # read when asked for
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _base_url(value: str) -> str:
    if not _is_web_address(value) or "?" in value or "#" in value:
        message = (
            "give an http(s) URL without query or fragment, such as https://fhir.example.org/r4"
        )
        raise ValueError(message)
    return value.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_base_url)]


def _token_url(value: str) -> str:
    if not _is_web_address(value) or "#" in value:
        message = "give an http(s) URL without fragment, exactly as the server names it"
        raise ValueError(message)
    return value  # as written: assertions are addressed to it letter by letter


class HttpSettings(Section):
    """`[http]`: where the service listens and how it is reached."""

    host: str = "127.0.0.1"  # loopback: being reachable is a decision
    port: int = Field(8080, ge=0, le=65535)  # 0: any free port
    ops_host: str = "127.0.0.1"
    ops_port: int = Field(9090, ge=0, le=65535)
    public_url: BaseUrl | None = None  # what Subscriptions point to; default http://host:port
    max_body: int = Field(5_000_000, ge=1_000)  # bytes; a report with a PDF inside fits


class StoreSettings(Section):
    """`[store]`: the database."""

    secrets: ClassVar[tuple[str, ...]] = ("url",)
    url: SecretStr = SecretStr("sqlite:///marrowd.sqlite3")  # may hold a password

    @field_validator("url")
    @classmethod
    def _is_a_store(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith(("sqlite:///", "postgresql://")):
            message = (
                "give sqlite:///file, sqlite:////path/to/file or postgresql://user@host/database"
            )
            raise ValueError(message)
        return value


class NoAuth(Section):
    """The FHIR server asks for nothing."""

    kind: Literal["none"] = "none"


class BasicAuth(Section):
    """User and password."""

    secrets: ClassVar[tuple[str, ...]] = ("password",)
    kind: Literal["basic"]
    user: str
    password: SecretStr


class BearerAuth(Section):
    """A fixed token."""

    secrets: ClassVar[tuple[str, ...]] = ("token",)
    kind: Literal["bearer"]
    token: SecretStr


class SmartBackendAuth(Section):
    """SMART Backend Services: a signed assertion for a short-lived token."""

    # The key's name is not a secret, but may come by file: it changes with the key.
    secrets: ClassVar[tuple[str, ...]] = ("private_key", "key_id")
    kind: Literal["smart-backend"]
    client_id: str
    private_key: SecretStr
    key_id: str
    scope: str = "system/*.rs"  # reads and searches; making Subscriptions takes their ".cud" too
    token_url: Annotated[str, AfterValidator(_token_url)] | None = None  # else it is discovered


Auth = Annotated[NoAuth | BasicAuth | BearerAuth | SmartBackendAuth, Field(discriminator="kind")]


class Topics(Section):
    """`topics` of a source: the server's SubscriptionTopics, by their canonical URLs."""

    observation: str = Field(min_length=1)
    imaging_study: str = Field(min_length=1)
    diagnostic_report: str = Field(min_length=1)


class Source(Section):
    """`[[sources]]`: a FHIR server that events come from."""

    secrets: ClassVar[tuple[str, ...]] = ("notification_secret",)
    name: Name
    base_url: BaseUrl
    notification_secret: OneOrTwoSecrets  # old and new while rotating
    subscribe: Literal["rest-hook", "topic", "none"] = "rest-hook"
    topics: Topics | None = None
    payload: Literal["full-resource", "id-only"] = "full-resource"  # of topic notifications
    heartbeat: Duration = timedelta(minutes=1)  # asked of topic Subscriptions; two missed: silence
    sweep_every: Period = timedelta(minutes=15)  # how long a lost notification may stay unseen
    auth: Auth = NoAuth()
    canary: bool = False

    @model_validator(mode="after")
    def _has_topics(self) -> "Source":
        if self.subscribe == "topic" and self.topics is None:
            message = (
                'subscribe = "topic" needs topics; if others make the Subscriptions, use "none"'
            )
            raise ValueError(message)
        return self

    @field_validator("notification_secret")
    @classmethod
    def _long_enough(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if any(len(v.get_secret_value()) < 16 for v in value):  # noqa: PLR2004 - said in the message
            message = "a notification secret has at least 16 characters"
            raise ValueError(message)
        return value


class Destination(Section):
    """`[[destinations]]`: where cards are posted."""

    secrets: ClassVar[tuple[str, ...]] = ("secret", "token")
    name: Name
    kind: Literal["webhook", "fhir"] = "webhook"
    url: BaseUrl
    source: Name  # cards of this source's patients go there
    secret: OneOrTwoSecrets | None = None  # Standard Webhooks, "whsec_..."
    token: SecretStr | None = None  # bearer

    @model_validator(mode="after")
    def _is_authenticated(self) -> "Destination":
        if self.kind == "webhook" and self.secret is None and self.token is None:
            message = "a webhook needs a secret (to sign) or a token (to authenticate)"
            raise ValueError(message)
        if self.kind == "fhir" and self.secret is not None:
            message = "a FHIR server verifies no signature: give a token instead of a secret"
            raise ValueError(message)
        return self


class Issuer(Section):
    """`[[hooks.issuers]]`: an EHR that may call the hooks, agreed in advance."""

    iss: str
    jwks_file: str | None = None
    jwks_url: BaseUrl | None = None
    source: Name
    tenant: str | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """The key set, if it comes by file: it changes as a secret does."""
        return () if self.jwks_file is None else (self.jwks_file,)


class HooksSettings(Section):
    """`[hooks]`: who may call, from where, and how long an answer may take."""

    require_jwt: bool = True
    insecure: bool = False  # the explicit word for "no JWT though reachable"
    budget: Period = timedelta(milliseconds=500)  # CDS Hooks: "within 500 ms"
    fetch_budget: Period = timedelta(milliseconds=400)
    origins: tuple[str, ...] = ()
    issuers: tuple[Issuer, ...] = ()


class CustomPolicy(Section):
    """`[[policy.custom]]`: a site's own cut-offs; figures exactly as printed."""

    name: Name
    source: str = Field(min_length=1)
    deficient_below_ng_ml: Decimal
    sufficient_from_ng_ml: Decimal
    deficient_below_nmol_l: Decimal
    sufficient_from_nmol_l: Decimal


class LocalCode(Section):
    """`[[policy.local_codes]]`: a laboratory's own code for 25(OH)D."""

    system: str
    code: str
    analyte: Literal["total", "d3", "d2"] = "total"


class PolicySettings(Section):
    """`[policy]`: cut-offs, windows and how much is said."""

    vitamin_d: str = "endocrine-2011"
    recency: Days = timedelta(days=365)
    window_before: Days = timedelta(days=180)
    window_after: Days = timedelta(days=90)
    push_min_severity: Literal["insufficient", "deficient"] = "insufficient"
    consider_mri: bool = True
    pain_codes: tuple[str, ...] = ()  # "system|code", besides the built-in ones
    override_quiet: Days = timedelta(days=90)
    local_codes: tuple[LocalCode, ...] = ()
    site_zone: str = "UTC"
    custom: tuple[CustomPolicy, ...] = ()

    @field_validator("pain_codes")
    @classmethod
    def _are_tokens(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(system and code for system, _, code in (v.rpartition("|") for v in value)):
            message = 'give system and code, such as "http://snomed.info/sct|47933007"'
            raise ValueError(message)
        return value

    @field_validator("site_zone")
    @classmethod
    def _is_a_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            message = "give an IANA zone name, such as Europe/Vienna"
            raise ValueError(message) from None
        return value


class RetentionSettings(Section):
    """`[retention]`: how long things are kept."""

    inbox: Period = timedelta(days=7)  # keys of done events and taken messages, for repeats
    evidence: Period = timedelta(days=3650)  # since a patient's newest clinical date
    audit: Period = timedelta(days=2190)  # six years: 45 CFR 164.316(b)(2)(i)


class LogSettings(Section):
    """`[log]`: how the log is written."""

    secrets: ClassVar[tuple[str, ...]] = ("patient_key",)
    format: Literal["auto", "json", "console"] = "auto"  # console in a terminal, else JSON
    level: Literal["debug", "info", "warning", "error"] = "info"
    patient_key: SecretStr | None = None  # HMAC key for patient pseudonyms

    @field_validator("patient_key")
    @classmethod
    def _cannot_be_guessed(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and len(value.get_secret_value()) < 16:  # noqa: PLR2004 - said in the message
            message = "a key of pseudonyms has at least 16 characters"
            raise ValueError(message)
        return value

    @property
    def key(self) -> bytes:
        """The key as bytes, b"" without one."""
        return b"" if self.patient_key is None else self.patient_key.get_secret_value().encode()


class TracingSettings(Section):
    """`[tracing]`: off unless an endpoint is given."""

    endpoint: BaseUrl | None = None  # of an OTLP collector; spans go to its /v1/traces
    ratio: float = Field(1.0, ge=0, le=1)  # of traces begun here; an event is few spans


class Settings(Section):
    """The whole configuration."""

    http: HttpSettings = HttpSettings()
    store: StoreSettings = StoreSettings()
    sources: tuple[Source, ...] = ()
    destinations: tuple[Destination, ...] = ()
    hooks: HooksSettings = HooksSettings()
    policy: PolicySettings = PolicySettings()
    retention: RetentionSettings = RetentionSettings()
    log: LogSettings = LogSettings()
    tracing: TracingSettings = TracingSettings()

    @model_validator(mode="after")
    def _names_agree(self) -> "Settings":
        sources = [s.name for s in self.sources]
        for what, names in (
            ("sources: the name", sources),
            ("sources: the base_url", [s.base_url for s in self.sources]),
            ("destinations: the name", [d.name for d in self.destinations]),
        ):
            for name in names:
                if names.count(name) > 1:
                    message = f"{what} {name} is used twice"
                    raise ValueError(message)
        named = [(f"destinations {d.name}", d.source) for d in self.destinations]
        named += [(f"hooks.issuers {i.iss}", i.source) for i in self.hooks.issuers]
        for where, source in named:
            if source not in sources:
                message = f"{where}: there is no source named {source}"
                raise ValueError(message)
        return self
