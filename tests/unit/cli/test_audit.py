"""`marrowd audit export`, on a store in a folder."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from tests.support.store import opened

from marrowd.cli import audit
from marrowd.cli.exits import Exit
from marrowd.errors import BadConfiguration
from marrowd.store.upkeep import AuditEntry, AuditKind

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHOWN = AuditEntry(
    at=NOW,
    kind=AuditKind.HOOK,
    source="main",
    patient="Patient/1",
    card="a-card",
    verdict="association",
    user_id="Practitioner/17",
)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "marrowd.toml"
    path.write_text(f'[store]\nurl = "sqlite:///{tmp_path}/marrowd.sqlite3"\n')

    async def fill():
        async with opened(tmp_path) as store:
            later = SHOWN._replace(at=NOW + timedelta(hours=1), kind=AuditKind.POSTED)
            await store.add_audit([SHOWN, later, SHOWN._replace(at=NOW + timedelta(days=1))])

    asyncio.run(fill())
    return path


def test_a_stretch_is_exported_a_line_an_entry(config, capsys, monkeypatch):
    monkeypatch.setattr(audit, "_PAGE", 1)

    assert audit.export_command(config, "2026-03-01T12:00:00Z", "2026-03-02") is Exit.FINE

    said = capsys.readouterr()
    lines = [json.loads(line) for line in said.out.splitlines()]
    assert [line["kind"] for line in lines] == ["hook", "posted"]
    assert lines[0] == {
        "at": "2026-03-01T12:00:00Z",
        "kind": "hook",
        "source": "main",
        "patient": "Patient/1",
        "card": "a-card",
        "verdict": "association",
        "user_id": "Practitioner/17",
    }
    assert '"event":"audit_exported"' in said.err
    assert "Patient/1" not in said.err
    assert "Practitioner" not in said.err


def test_an_empty_stretch_is_a_no(config, capsys):
    assert audit.export_command(config, "2020-01-01", "2020-01-02") is Exit.NO
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("since", "until"), [("yesterday", "2026-01-01"), ("2026-01-02", "2026-01-02")]
)
def test_a_stretch_is_two_times_in_order(config, since, until):
    with pytest.raises(BadConfiguration, match=r"--(since|until)"):
        audit.export_command(config, since, until)
