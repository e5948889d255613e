"""`marrowd db`: the store's schema."""

import sys
from pathlib import Path

from marrowd.cli.exits import Exit
from marrowd.settings import load_settings
from marrowd.store.migrate import current, upgrade
from marrowd.store.schema import SCHEMA


def upgrade_command(config: Path | None) -> Exit:
    """Apply the migrations that are missing."""
    revision = upgrade(load_settings(config).store.url.get_secret_value())
    sys.stdout.write(f"schema {revision}; this version needs {SCHEMA}\n")
    return Exit.FINE


def current_command(config: Path | None) -> Exit:
    """Print what the database has; exit 1 when it is not what this version needs."""
    revision = current(load_settings(config).store.url.get_secret_value())
    sys.stdout.write(f"schema {revision or 'none'}; this version needs {SCHEMA}\n")
    return Exit.FINE if revision == SCHEMA else Exit.NO
