"""
What every section of the configuration shares: frozen, strict, secrets from three places.

A secret key K may be written as `K`, as `K_file` (a path) or as `K_env` (the name of a variable
that does not begin with MARROWD_): exactly one of the three.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, model_validator

_DURATION = re.compile(r"(\d{1,9})(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        message = 'a duration is a whole number with s, m, h or d, such as "90s" or "365d"'
        raise ValueError(message)
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def _whole_days(value: timedelta) -> timedelta:
    if value % timedelta(days=1):
        message = 'give whole days, such as "365d"'
        raise ValueError(message)
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Days = Annotated[timedelta, BeforeValidator(lambda value: _whole_days(_duration(value)))]


class Section(BaseModel):
    """A table of the configuration; `secrets` names its secret keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    secrets: ClassVar[tuple[str, ...]] = ()

    @model_validator(mode="before")
    @classmethod
    def _find_secrets(cls, data: Any, info: ValidationInfo) -> Any:  # noqa: ANN401 - as pydantic types it
        if not isinstance(data, dict):
            return data
        found = dict(data)
        environ: Mapping[str, str] = (info.context or {}).get("environ", {})
        for key in cls.secrets:
            given = [k for k in (key, f"{key}_file", f"{key}_env") if k in found]
            if len(given) > 1:
                message = f"give exactly one of {', '.join(given)}"
                raise ValueError(message)
            if f"{key}_file" in found:
                found[key] = _each(found.pop(f"{key}_file"), _from_file)
            if f"{key}_env" in found:
                found[key] = _each(
                    found.pop(f"{key}_env"), lambda name: _from_environ(name, environ)
                )
        return found


def _each(value: object, fetch: Any) -> object:  # noqa: ANN401 - a callable of str
    return [fetch(v) for v in value] if isinstance(value, list) else fetch(value)


def _from_file(path: object) -> str:
    try:
        return Path(str(path)).read_text(encoding="utf-8").strip()
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
