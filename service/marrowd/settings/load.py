"""Reads the configuration: file, then environment; errors say what, where and how to mend it."""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeGuard, get_args

from pydantic import BaseModel, SecretStr, ValidationError

from marrowd.errors import BadConfiguration
from marrowd.settings.sections import Settings

_PREFIX = "MARROWD_"
_CONFIG = "MARROWD_CONFIG"
# What Kubernetes injects for a Service named marrowd*: MARROWD_SERVICE_HOST, MARROWD_PORT, ... The
# last is always a URL: a number there is somebody who meant MARROWD_HTTP__PORT.
_KUBERNETES = re.compile(
    r"MARROWD_(?:[A-Z0-9_]+_)?"
    r"(?:SERVICE_(?:HOST|PORT(?:_[A-Z0-9_]+)?)=.*|PORT(?:_[0-9]+_[^=]+=.*|=[a-z]+://.*))",
    re.DOTALL,
)


def load_settings(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """
    Read and check the configuration.

    Args:
        path: the TOML file; default the file that MARROWD_CONFIG names, else none.
        environ: the environment; default the process's own.

    Raises:
        BadConfiguration: with one line per mistake: what, where, how to mend it.
    """
    variables = dict(os.environ if environ is None else environ)
    if path is None and variables.get(_CONFIG):
        path = Path(variables[_CONFIG])
    raw = _read(path) if path is not None else {}
    overlaid = _overlay(raw, variables)
    try:
        return Settings.model_validate(raw, context={"environ": variables})
    except ValidationError as exc:
        where = f"{path}: " if path else ""
        raise BadConfiguration("\n".join(explained(exc, where, overlaid))) from None


def explained(
    error: ValidationError,
    where: str = "",
    overlaid: Mapping[tuple[str, ...], str] = MappingProxyType({}),
) -> list[str]:
    """
    Say what was refused, one line each: the place and how to mend it, never the value.

    Args:
        error: what was found.
        where: the file, to stand before each place in it.
        overlaid: by place, the variable that it was taken from instead.
    """
    said = set()
    for each in error.errors(include_input=False):
        variable = overlaid.get(tuple(map(str, each["loc"][:2])))
        said.add(where + _explain(each) if variable is None else f"{variable}: {_message(each)}")
    return sorted(said)


def masked(settings: Settings) -> dict[str, Any]:
    """Give the configuration as plain values, secrets hidden."""

    def mask(value: object) -> object:
        match value:
            case SecretStr():
                return "********"
            case BaseModel():
                return {name: mask(getattr(value, name)) for name in type(value).model_fields}
            case tuple():
                return [mask(v) for v in value]
            case _:
                return value

    return {name: mask(getattr(settings, name)) for name in type(settings).model_fields}


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as exc:
        message = f"{path}: cannot be read ({exc.strerror}); give an existing file to --config"
        raise BadConfiguration(message) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        message = f"{path}: is not TOML: {exc}"
        raise BadConfiguration(message) from None
    except (ValueError, ArithmeticError, RecursionError):
        # The reader of TOML lets Python's own errors through.
        message = f"{path}: is not TOML: a number of thousands of digits, or nested too deeply"
        raise BadConfiguration(message) from None


def _overlay(raw: dict[str, Any], environ: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Put variables in the place of what the file says; give them by place."""
    overlaid: dict[tuple[str, ...], str] = {}
    for name, text in environ.items():
        if not name.startswith(_PREFIX) or name == _CONFIG:
            continue
        section, _, key = name.removeprefix(_PREFIX).lower().partition("__")
        field = Settings.model_fields.get(section)
        model = field.annotation if field else None
        if not key and _KUBERNETES.fullmatch(f"{name}={text}"):
            continue
        if not (_is_model(model) and _has(model, key)):
            known = [_CONFIG, *_variables()]
            is_array = _is_array(Settings, section) or (_is_model(model) and _is_array(model, key))
            hint = "; lists are given in the file" if is_array else _nearest(name, known)
            message = f"{name}: unknown variable{hint}"
            raise BadConfiguration(message)
        table = raw.setdefault(section, {})
        if isinstance(table, dict):
            for spelling in _spellings(model, key):
                table.pop(spelling, None)
            table[key] = _parsed(model, key, text)
            overlaid[section, _spellings(model, key)[0]] = name
    return overlaid


def _is_model(model: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(model, type) and issubclass(model, BaseModel)


def _has(model: type[BaseModel], key: str) -> bool:
    return key in _keys(model) and not _is_array(model, key)


def _is_array(model: type[BaseModel], key: str) -> bool:
    field = model.model_fields.get(key)
    return field is not None and getattr(field.annotation, "__origin__", None) is tuple


def _keys(model: type[BaseModel]) -> list[str]:
    secrets = getattr(model, "secrets", ())
    return [*model.model_fields, *(f"{s}_{end}" for s in secrets for end in ("file", "env"))]


def _spellings(model: type[BaseModel], key: str) -> list[str]:
    base = re.sub(r"_(file|env)$", "", key)
    secrets: tuple[str, ...] = getattr(model, "secrets", ())
    return [base, f"{base}_file", f"{base}_env"] if base in secrets else [key]


def _parsed(model: type[BaseModel], key: str, text: str) -> object:
    field = model.model_fields.get(key)
    if field is not None and field.annotation is bool:
        return {"true": True, "false": False}.get(text.lower(), text)
    return text


def _variables() -> list[str]:
    return [
        f"{_PREFIX}{section}__{key}".upper()
        for section, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
        for key in _keys(field.annotation)
        if not _is_array(field.annotation, key)
    ]


def _nearest(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else f"; known here: {', '.join(sorted(known))}"


def _explain(error: Mapping[str, Any]) -> str:
    loc: tuple[int | str, ...] = error["loc"]
    place = "".join(f"[{p}]" if isinstance(p, int) else f".{_written(p)}" for p in loc).lstrip(".")
    if error["type"] == "extra_forbidden":
        return f"{place}: unknown key{_nearest(str(loc[-1]), _keys(_model_at(loc[:-1])))}"
    return f"{place}: {_message(error)}" if place else _message(error)


def _written(key: str) -> str:
    """Write a key so that it stays in its line, whatever is in it."""
    return key if key.isprintable() else ascii(key)


def _message(error: Mapping[str, Any]) -> str:
    return str(error["msg"]).removeprefix("Value error, ")


def _model_at(loc: tuple[int | str, ...]) -> type[BaseModel]:
    model: type[BaseModel] = Settings
    for step in loc:
        if isinstance(step, int):
            continue
        field = model.model_fields.get(step)
        candidates = [] if field is None else _models_in(field.annotation)
        tagged = [m for m in _subtypes(model) if _kind(m) == step]
        if candidates:
            model = candidates[0]
        elif tagged:
            model = tagged[0]
    return model


def _models_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    found: list[type[BaseModel]] = []
    for arg in get_args(annotation):
        found += _models_in(arg)
    return found


def _subtypes(model: type[BaseModel]) -> list[type[BaseModel]]:
    parent = model.__mro__[1]
    return list(parent.__subclasses__())


def _kind(model: type[BaseModel]) -> object:
    field = model.model_fields.get("kind")
    return get_args(field.annotation)[0] if field and get_args(field.annotation) else None
