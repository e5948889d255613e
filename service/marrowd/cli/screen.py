"""
`marrowd screen`: FHIR files in, one line a patient out; no server, no store.

Read everything, keep it in a temporary file, then judge patient by patient: lines can only be right
when all input is read, and nothing is printed of an input that is not whole.
"""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, time, tzinfo
from pathlib import Path
from stat import S_ISREG
from typing import IO

from marrowd.cli.crew import Crew
from marrowd.cli.exits import Exit, complain
from marrowd.cli.gathered import IGNORED, Role
from marrowd.cli.hand import Hand
from marrowd.cli.inputs import stretches
from marrowd.cli.screening import Job, Terms, chunks
from marrowd.cli.settling import settle
from marrowd.cli.spool import Kept, Spool
from marrowd.core.policy import Policy
from marrowd.errors import BadConfiguration, MarrowdError
from marrowd.fhir.json import parse_canonical
from marrowd.fhir.needs import binary_ref, needs
from marrowd.rules.codes import Codes, load_codes

_DEFAULT_POLICY = "endocrine-2011"
_URN = re.compile(rb'"(urn:[^"\\]{1,255})"')
# Beyond these no window fits into the calendar.
_FIRST_YEAR, _LAST_YEAR = 1900, 9000
_WORTH_A_CREW = 128 * 1024  # bytes: a fifth of a second's work
# What a report needs besides itself is named by these members.
_NEEDING = (b'"presentedForm"', b'"result"')


def screen_command(
    files: list[Path], policy: str | None, now: str | None, config: Path | None, workers: int
) -> int:
    """
    Judge the patients of *files*.

    Args:
        files: Bundles, single resources or NDJSON of either.
        policy: name of the cut-offs; wins over the configuration.
        now: ISO 8601; default the clock.
        config: the TOML file, if one is wanted.
        workers: processes; 0 is one a core.

    Returns:
        The exit code: 0 whatever the verdicts, 2 for a bad option, 3 for an input that is not
        whole.
    """
    try:
        if not files or workers < 0:
            message = "give at least one FILE, and no negative number of workers"
            raise BadConfiguration(message)
        chosen, codes = _configured(policy, config)
        terms = Terms(policy=chosen, now=moment(now, chosen.zone), codes=codes)
        return judge(files, terms, workers=workers, out=sys.stdout.buffer, err=sys.stderr)
    except MarrowdError as exc:
        return complain(exc)
    except BrokenPipeError:
        # Whoever read has seen enough; nothing may be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FINE


def judge(
    files: Sequence[Path], terms: Terms, *, workers: int, out: IO[bytes], err: IO[str]
) -> Exit:
    """
    Read all of *files*, then write a line for each patient to *out*.

    Args:
        files: in any order.
        terms: what is judged by.
        workers: processes; 0 is one a core. A little input is never worth a second one.
        out: gets nothing unless every file could be read.
        err: gets a line for each resource that matters and has no patient, and for each that a
            mistake of ours kept from being read.

    Raises:
        BadInput: a file is not whole, or two servers use one Patient id.
    """
    crew = Crew(Hand(terms), workers=workers if _is_worth_a_crew(files) else 1)
    # The processes begin before the spool does: they must not inherit its file.
    with crew, closing(Spool()) as spool, spool.trouble_told():
        parts = (stretch for path in files for stretch in stretches(path))
        for gathered in crew.share(Hand.gather, parts):
            spool.keep(gathered)
        settle(spool)
        for ref, reason in spool.lost():
            err.write(f"unreadable {ref}: {reason}\n")
        for judged in crew.share(Hand.judge, chunks(_jobs(spool, terms.codes))):
            out.write(judged.lines)
            err.writelines(judged.told)
        out.flush()
    return Exit.FINE


def moment(text: str | None, zone: tzinfo) -> datetime:
    """
    Read `--now`: without a zone it is local, a date is the end of that day, None is the clock.

    Raises:
        BadConfiguration: it is not an ISO 8601 time.
    """
    if text is None:
        return datetime.now(UTC)
    try:
        try:
            found = datetime.combine(date.fromisoformat(text.strip()), time.max)
        except ValueError:
            found = datetime.fromisoformat(text.strip())
        if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
            raise ValueError  # noqa: TRY301 - told like any other
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        message = "--now: give an ISO 8601 date or time, such as 2026-03-01T12:00:00Z"
        raise BadConfiguration(message) from None


def _configured(name: str | None, config: Path | None) -> tuple[Policy, Codes]:
    """Give the policy and the codes; the settings are read only where there are any (0.2 s)."""
    # Environment variables are settings too: whether there are any is all that is looked at here.
    if config is None and not any(key.startswith("MARROWD_") for key in os.environ):
        from marrowd.rules.policies import load_policies, named  # noqa: PLC0415

        return named(load_policies(), name or _DEFAULT_POLICY), load_codes()
    from marrowd.rules.policies import policy_from  # noqa: PLC0415
    from marrowd.settings import load_settings  # noqa: PLC0415

    settings = load_settings(config).policy
    codes = load_codes(
        local={(code.system, code.code): code.analyte for code in settings.local_codes},
        pains=settings.pain_codes,
    )
    return policy_from(settings, name=name), codes


def _is_worth_a_crew(files: Sequence[Path]) -> bool:
    """Say whether there is, or may be, more to do than starting another process takes."""
    total = 0
    for path in files:
        try:
            found = path.stat()
        except OSError:
            continue  # told when it is opened
        if not S_ISREG(found.st_mode):
            return True  # a pipe may hold any number
        total += found.st_size
    return total >= _WORTH_A_CREW


def _jobs(spool: Spool, codes: Codes) -> Iterator[Job]:
    for patient, kept in spool.by_patient():
        addresses = _addresses(spool, kept)
        listed: dict[str, Kept] = {}
        contents: dict[str, bytes] = {}
        for one in kept:
            if _may_need(one):
                wanted = needs(parse_canonical(one.body), codes, resolve=addresses.get)
                listed |= _listed(spool, wanted.observations, patient)
                contents |= _contents(spool, wanted.contents)
        yield Job(
            patient=patient,
            kept=tuple(kept),
            listed=tuple(listed.values()),
            contents=contents,
            addresses=addresses,
        )


def _may_need(kept: Kept) -> bool:
    """Say, at a look, whether a resource needs others to be read."""
    return (
        kept.role is Role.FACT
        and kept.ref.startswith("DiagnosticReport/")
        and any(name in kept.body for name in _NEEDING)
    )


def _listed(spool: Spool, refs: tuple[str, ...], patient: str) -> dict[str, Kept]:
    """Give the Observations that a report lists as text, unless they are somebody else's."""
    found: dict[str, Kept] = {}
    for ref in refs:
        kept = spool.get(ref, Role.TEXT)
        if kept is not None and kept[1] in (None, IGNORED, patient):
            found[ref] = kept[0]
    return found


def _contents(spool: Spool, urls: tuple[str, ...]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for url in urls:
        ref = binary_ref(url, resolve=spool.address)
        kept = spool.get(ref, Role.BINARY) if ref is not None else None
        if kept is not None:
            found[url] = kept[0].body
    return found


def _addresses(spool: Spool, kept: list[Kept]) -> dict[str, str]:
    """Look up every urn in the bodies; one that is no reference changes nothing."""
    urns = {urn.decode(errors="replace") for one in kept for urn in _URN.findall(one.body)}
    found = {urn: spool.address(urn) for urn in urns}
    return {urn: ref for urn, ref in found.items() if ref is not None}
