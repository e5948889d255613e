"""Where a command writes its log: to stderr, so that stdout holds the answer alone."""

import sys

from marrowd.settings import LogSettings
from marrowd.telemetry.logging import configure_logging


def log_by(settings: LogSettings, *, level: str = "", is_traced: bool = False) -> None:
    """
    Write log lines as the configuration has them.

    Args:
        settings: format, level and the key of pseudonyms.
        level: another least level than the configured one.
        is_traced: whether lines say which trace they belong to.
    """
    as_json = settings.format == "json" or (settings.format == "auto" and not sys.stderr.isatty())
    configure_logging(
        as_json=as_json,
        level=level or settings.level,
        is_traced=is_traced,
        patient_key=settings.key,
    )
