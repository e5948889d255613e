"""
What `screen` keeps of its input until all of it is read: a temporary SQLite file.

So memory stays flat however many patients there are.

The file has no name and is gone with the process, even a killed one. Of each resource only the
newest version stays, told by the same order as everywhere (core.facts.Version), so the order in
which files and lines come does not matter, nor what is repeated.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from marrowd.cli.gathered import Gathered, Role, plain, two_servers
from marrowd.errors import StoreUnavailable
from marrowd.fhir.reasons import RESOURCE

_SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA temp_store = FILE;
PRAGMA cache_size = -16000; -- KiB kept in memory; the rest is on disk
CREATE TABLE resources (
    ref TEXT PRIMARY KEY, rank TEXT NOT NULL, role TEXT NOT NULL, subject TEXT, sha256 TEXT NOT
    NULL, body BLOB
) WITHOUT ROWID;
CREATE TABLE subjects (key TEXT PRIMARY KEY, patient TEXT) WITHOUT ROWID;
CREATE TABLE addresses (url TEXT PRIMARY KEY, ref TEXT) WITHOUT ROWID;
CREATE TABLE bases (patient TEXT PRIMARY KEY, base TEXT NOT NULL) WITHOUT ROWID; CREATE TABLE
carriers (token TEXT NOT NULL, ref TEXT NOT NULL, PRIMARY KEY (token, ref)) WITHOUT ROWID; CREATE
TABLE unreadable (ref TEXT, reason TEXT, PRIMARY KEY (ref, reason)) WITHOUT ROWID;
"""
# A new version replaces what it outranks. `rank` is unique to the content, so equal means the same.
_PUT = """
INSERT INTO resources VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (ref) DO UPDATE SET rank = excluded.rank, role = excluded.role,
    subject = excluded.subject, sha256 = excluded.sha256, body = excluded.body
WHERE excluded.rank > resources.rank
"""
# An address that names two resources names neither: which came first must not matter.
_PUT_ADDRESS = """
INSERT INTO addresses VALUES (?, ?)
ON CONFLICT (url) DO UPDATE SET ref = NULL WHERE ref IS NOT excluded.ref
"""
_BY_PATIENT = """
SELECT s.patient, r.ref, r.role, r.sha256, r.body
FROM subjects s LEFT JOIN resources r ON r.subject = s.key AND r.role IN ('fact', 'aid', 'broken')
WHERE s.patient <> ''
ORDER BY s.patient
"""
_LOST = """
SELECT r.ref FROM resources r LEFT JOIN subjects s ON r.subject = s.key
WHERE r.role IN ('fact', 'broken') AND s.patient IS NULL
"""
_BATCH = 500  # rows read at once


class Kept(NamedTuple):
    """One resource as it waits: canonical JSON, and the digest of what came in."""

    ref: str
    role: Role
    sha256: str
    body: bytes


class Spool:
    """The temporary file."""

    def __init__(self) -> None:
        try:
            # An empty name: a private file that SQLite unlinks as soon as it has opened it.
            self._db = sqlite3.connect("", isolation_level=None)
            self._db.executescript(_SCHEMA)
            self._db.execute("BEGIN")
        except sqlite3.Error:
            message = "no temporary file can be written (TMPDIR names where)"
            raise StoreUnavailable(message) from None

    @contextmanager
    def trouble_told(self) -> Iterator[None]:
        """
        Tell a disk that is full as what it is.

        Raises:
            StoreUnavailable: the temporary file cannot be written any more.
        """
        try:
            yield
        except sqlite3.Error:
            message = "the temporary file cannot be written (TMPDIR names where it is)"
            raise StoreUnavailable(message) from None

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def keep(self, gathered: Gathered) -> None:
        """
        Keep what was gathered; of a resource, the newest version.

        Raises:
            BadInput: a Patient id was met on two servers: two people would become one.
        """
        self._db.executemany(_PUT, gathered.resources)
        self._db.executemany(
            "INSERT OR IGNORE INTO subjects VALUES (?, ?)", gathered.subjects.items()
        )
        self._db.executemany(_PUT_ADDRESS, gathered.addresses)
        self._db.executemany("INSERT OR IGNORE INTO unreadable VALUES (?, ?)", gathered.unreadable)
        for patient, base in gathered.bases.items():
            self._db.execute("INSERT OR IGNORE INTO bases VALUES (?, ?)", (patient, base))
            query = "SELECT base FROM bases WHERE patient = ?"
            if self._db.execute(query, (patient,)).fetchone()[0] != base:
                raise two_servers()

    def put_carrier(self, token: str, ref: str) -> None:
        """Keep which resource carries an identifier."""
        self._db.execute("INSERT OR IGNORE INTO carriers VALUES (?, ?)", (plain(token), ref))

    def address(self, url: str) -> str | None:
        """Give the resource that a fullUrl names, None when none or several do."""
        found = self._db.execute(
            "SELECT ref FROM addresses WHERE url = ?", (plain(url),)
        ).fetchone()
        return found[0] if found else None

    def carriers(self, token: str, kind: str) -> list[str]:
        """Give the resources of a type that carry an identifier."""
        rows = self._db.execute(
            "SELECT ref FROM carriers WHERE token = ? AND ref >= ? AND ref < ? LIMIT 2",
            (plain(token), f"{kind}/", f"{kind}0"),  # "0" follows "/"
        )
        return [row[0] for row in rows]

    def open_subjects(self) -> Iterator[str]:
        """Walk the subjects that are not resolved."""
        query = "SELECT key FROM subjects WHERE patient IS NULL AND key > ? ORDER BY key LIMIT ?"
        for (key,) in self._walk(query):
            yield key

    def resolve_subject(self, key: str, patient: str) -> None:
        """Say who a subject is."""
        self._db.execute("UPDATE subjects SET patient = ? WHERE key = ?", (patient, key))

    def carriers_kept(self) -> Iterator[tuple[str, bytes]]:
        """Walk the resources that carry identifiers."""
        query = (
            "SELECT ref, body FROM resources"
            " WHERE ref >= 'Patient/' AND role = 'carrier' AND ref > ? ORDER BY ref LIMIT ?"
        )
        yield from self._walk(query)

    def get(self, ref: str, role: Role) -> tuple[Kept, str | None] | None:
        """Give one resource kept in *role*, and the patient it is of."""
        row = self._db.execute(
            "SELECT r.sha256, r.body, s.patient FROM resources r"
            " LEFT JOIN subjects s ON r.subject = s.key WHERE r.ref = ? AND r.role = ?",
            (ref, role),
        ).fetchone()
        return (Kept(ref=ref, role=role, sha256=row[0], body=row[1]), row[2]) if row else None

    def seal(self) -> None:
        """Make the file ready to be read by patient."""
        self._db.execute("CREATE INDEX by_subject ON resources (subject, role)")
        self._db.execute("CREATE INDEX by_patient ON subjects (patient)")

    def patients(self) -> int:
        """Count the patients."""
        query = "SELECT COUNT(DISTINCT patient) FROM subjects WHERE patient <> ''"
        return int(self._db.execute(query).fetchone()[0])

    def lost(self) -> list[tuple[str, str]]:
        """Give what no patient could be found for, sorted: ref and reason."""
        told = set(self._db.execute("SELECT ref, reason FROM unreadable"))
        told |= {(ref.partition("#")[0], RESOURCE) for (ref,) in self._db.execute(_LOST)}
        return sorted(told)

    def by_patient(self) -> Iterator[tuple[str, list[Kept]]]:
        """Walk the patients in code-point order, each with what is kept about them, by ref."""
        rows = self._db.execute(_BY_PATIENT)
        for patient, group in groupby(rows, key=itemgetter(0)):
            kept = [
                Kept(ref=ref, role=Role(role), sha256=sha256, body=body)
                for _, ref, role, sha256, body in group
                if ref is not None
            ]
            yield patient, sorted(kept, key=attrgetter("ref"))

    def _walk(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Read by the first column in batches, so that what was read may be changed meanwhile."""
        last = ""
        while rows := self._db.execute(query, (last, _BATCH)).fetchall():
            yield from rows
            last = rows[-1][0]
