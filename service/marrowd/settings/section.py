"""
What every section of the configuration shares: frozen, strict, secrets from three places.

A secret key K may be written as `K`, as `K_file` (a path) or as `K_env` (the name of a variable
that does not begin with MARROWD_): exactly one of the three. A section remembers which files it
was read from, so that it can be made anew when they have changed (`settings.rotation`).
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationInfo,
    model_validator,
)

_DURATION = re.compile(r"(\d{1,9})(ms|s|m|h|d)")
_LONGEST = timedelta(days=99_999)  # added to any clinical date, two of them stay in the calendar
_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        message = 'a duration is a whole number with ms, s, m, h or d, such as "90s" or "365d"'
        raise ValueError(message)
    seconds = int(match[1]) * _SECONDS[match[2]]
    if seconds > _LONGEST.total_seconds():
        message = f'a duration is "{_LONGEST.days}d" at the most'
        raise ValueError(message)
    return timedelta(seconds=seconds)


def _whole_days(value: timedelta) -> timedelta:
    if value % timedelta(days=1):
        message = 'give whole days, such as "365d"'
        raise ValueError(message)
    return value


def _not_none(value: timedelta) -> timedelta:
    if not value:
        message = 'give more than nothing, such as "90s"'
        raise ValueError(message)
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Period = Annotated[Duration, AfterValidator(_not_none)]
Days = Annotated[timedelta, BeforeValidator(lambda value: _whole_days(_duration(value)))]


class Section(BaseModel):
    """A table of the configuration; `secrets` names its secret keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    secrets: ClassVar[tuple[str, ...]] = ()
    _files: dict[str, str | list[str]] = PrivateAttr(default_factory=dict)  # by secret key
    _texts: dict[str, str] = PrivateAttr(default_factory=dict)  # what was read from each

    @property
    def files(self) -> tuple[str, ...]:
        """The files that this section, not those within it, was read from."""
        return tuple(path for given in self._files.values() for path in _listed(given))

    def read_from(self, path: str) -> str | None:
        """Give what *path* held when the section was read; None when it was not read for it."""
        return self._texts.get(path)

    def reread(self, texts: Mapping[str, str]) -> Self:
        """
        Give the section as it is with the *texts* of its files, by path.

        Raises:
            ValidationError: a text that is not a usable secret.
        """
        found = {name: getattr(self, name) for name in type(self).model_fields}
        found |= {key: _each(given, texts.__getitem__) for key, given in self._files.items()}
        return type(self).model_validate(found)

    @model_validator(mode="wrap")
    @classmethod
    def _find_secrets(
        cls,
        data: Any,  # noqa: ANN401 - as pydantic types it
        handler: ModelWrapValidatorHandler[Self],
        info: ValidationInfo,
    ) -> Self:
        if not isinstance(data, dict):
            return handler(data)
        found = dict(data)
        files: dict[str, str | list[str]] = {}
        texts: dict[str, str] = {}
        environ: Mapping[str, str] = (info.context or {}).get("environ", {})
        for key in cls.secrets:
            given = [k for k in (key, f"{key}_file", f"{key}_env") if k in found]
            if len(given) > 1:
                message = f"give exactly one of {', '.join(given)}"
                raise ValueError(message)
            if f"{key}_file" in found:
                files[key] = _each(found.pop(f"{key}_file"), str)
                texts |= {path: secret_text(path) for path in _listed(files[key])}
                found[key] = _each(files[key], texts.__getitem__)
            if f"{key}_env" in found:
                found[key] = _each(
                    found.pop(f"{key}_env"), lambda name: _from_environ(name, environ)
                )
        section = handler(found)
        section._files, section._texts = files, texts  # noqa: SLF001 - of its own kind
        return section


def _listed(given: str | list[str]) -> list[str]:
    return given if isinstance(given, list) else [given]


def _each(value: Any, fetch: Any) -> Any:  # noqa: ANN401 - a callable of str, for one or several
    return [fetch(v) for v in value] if isinstance(value, list) else fetch(value)


def secret_text(path: str) -> str:
    """
    Read the file of a secret; white space around it is not part of it.

    Raises:
        ValueError: it cannot be read; the message names the file.
    """
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        message = f"secret file {path} cannot be read; check that it exists and may be read"
        raise ValueError(message) from None


def _from_environ(name: object, environ: Mapping[str, str]) -> str:
    if not isinstance(name, str) or name.startswith("MARROWD_"):
        message = "a _env key names a variable that does not begin with MARROWD_"
        raise ValueError(message)
    if name not in environ:
        message = f"the variable {name} is not set"
        raise ValueError(message)
    return environ[name]
