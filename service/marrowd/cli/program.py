"""
The commands and their options, nothing else: each imports what it runs only when it is run.

That keeps `marrowd screen` quick to start: a web server and a database driver are not read for it.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from marrowd.cli.exits import complain
from marrowd.errors import MarrowdError
from marrowd.telemetry.crashing import say_crashes_by_place

Config = Annotated[
    Path | None,
    typer.Option(help="The TOML file; default: the one MARROWD_CONFIG names.", show_default=False),
]
SourceName = Annotated[
    str | None, typer.Option(help="One source by name; default: all.", show_default=False)
]
EventId = Annotated[int, typer.Argument(metavar="ID", min=1, max=2**63 - 1)]
EventIds = Annotated[list[int], typer.Argument(metavar="ID...", min=1, max=2**63 - 1)]
MessageId = Annotated[str, typer.Argument(metavar="ID")]
MessageIds = Annotated[list[str], typer.Argument(metavar="ID...")]
Limit = Annotated[int, typer.Option(help="At most so many rows.", min=1)]

program = typer.Typer(
    name="marrowd",
    help="Reads low 25-hydroxyvitamin D and MRI marrow edema of the foot together, in the EHR.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line; errors of ours become a line and an exit code."""
    try:
        program()
    except MarrowdError as exc:
        sys.exit(complain(exc))
    finally:
        say_crashes_by_place()  # last: typer sets hooks of its own


@program.command()
def serve(
    config: Config = None,
    roles: Annotated[str, typer.Option(help="web, work, or both.")] = "web,work",
) -> None:
    """Run the service: hooks, intake, workers, operators' listener. SIGTERM drains."""
    from marrowd.cli.serve import serve_command  # noqa: PLC0415 - see the module docstring

    raise typer.Exit(serve_command(config, roles))


@program.command()
def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave it running for a browser.")] = False,  # noqa: FBT002
    port: Annotated[int, typer.Option(help="Port of the service; 0: any free one.", min=0)] = 0,
) -> None:
    """Show the main job on a synthetic year: events in, cards out, retractions too."""
    from marrowd.demo.run import demo_command  # noqa: PLC0415

    raise typer.Exit(demo_command(keep=keep, port=port))


@program.command()
def screen(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Bundles, resources or NDJSON.")
    ],
    policy: Annotated[str | None, typer.Option(help="Named cut-offs.", show_default=False)] = None,
    now: Annotated[
        str | None, typer.Option(help="The time to judge by; default: the clock.")
    ] = None,
    config: Config = None,
    workers: Annotated[int, typer.Option(help="Processes; 0: one a core.", min=0)] = 0,
) -> None:
    """Judge FHIR files without server or store: one JSON line a patient."""
    from marrowd.cli.screen import screen_command  # noqa: PLC0415

    raise typer.Exit(screen_command(files, policy, now, config, workers))


@program.command()
def read(
    workers: Annotated[int, typer.Option(help="Processes.", min=1)] = 1,
    explain: Annotated[bool, typer.Option("--explain", help="Show the rule chain.")] = False,  # noqa: FBT002
) -> None:
    """Read reports: JSON lines {"id","text"} on stdin, findings on stdout."""
    from marrowd.cli.read import read_command  # noqa: PLC0415

    raise typer.Exit(read_command(workers, explain))


@program.command()
def sweep(
    config: Config = None,
    source: SourceName = None,
    since: Annotated[
        str | None, typer.Option(help="ISO 8601; default: where the last sweep ended.")
    ] = None,
    reread: Annotated[bool, typer.Option("--reread", help="Read reports anew.")] = False,  # noqa: FBT002
) -> None:
    """Ask the FHIR servers for what notifications missed."""
    from marrowd.cli.sweep import sweep_command  # noqa: PLC0415

    raise typer.Exit(sweep_command(config, source, since, reread=reread))


subscriptions = typer.Typer(help="The Subscriptions on the FHIR servers.", no_args_is_help=True)
inbox = typer.Typer(help="Events accepted and not yet done.", no_args_is_help=True)
outbox = typer.Typer(help="Cards decided and not yet taken.", no_args_is_help=True)
cards = typer.Typer(help="Cards that hooks have shown.", no_args_is_help=True)
audit = typer.Typer(help="The record of who was given which card.", no_args_is_help=True)
db = typer.Typer(help="The store's schema.", no_args_is_help=True)
configuration = typer.Typer(help="The configuration.", no_args_is_help=True)
program.add_typer(subscriptions, name="subscriptions")
program.add_typer(inbox, name="inbox")
program.add_typer(outbox, name="outbox")
program.add_typer(cards, name="cards")
program.add_typer(audit, name="audit")
program.add_typer(db, name="db")
program.add_typer(configuration, name="config")


@subscriptions.command("sync")
def subscriptions_sync(config: Config = None, source: SourceName = None) -> None:
    """Make the servers' Subscriptions what the configuration says."""
    from marrowd.cli.subscriptions import subscriptions_command  # noqa: PLC0415

    raise typer.Exit(subscriptions_command("sync", config, source))


@subscriptions.command("list")
def subscriptions_list(config: Config = None, source: SourceName = None) -> None:
    """Show our Subscriptions on the servers and their state."""
    from marrowd.cli.subscriptions import subscriptions_command  # noqa: PLC0415

    raise typer.Exit(subscriptions_command("list", config, source))


@subscriptions.command("remove")
def subscriptions_remove(config: Config = None, source: SourceName = None) -> None:
    """Delete our Subscriptions from the servers."""
    from marrowd.cli.subscriptions import subscriptions_command  # noqa: PLC0415

    raise typer.Exit(subscriptions_command("remove", config, source))


@inbox.command("list")
def inbox_list(
    config: Config = None,
    state: Annotated[str, typer.Option(help="ready, running, parked or all.")] = "parked",
    limit: Limit = 50,
) -> None:
    """List events; parked ones by default, with the reason."""
    from marrowd.cli.queues import list_events  # noqa: PLC0415

    raise typer.Exit(list_events(config, state, limit))


@inbox.command("show")
def inbox_show(event: EventId, config: Config = None) -> None:
    """Show one event with its payload (patient data)."""
    from marrowd.cli.queues import show_event  # noqa: PLC0415

    raise typer.Exit(show_event(config, event))


@inbox.command("retry")
def inbox_retry(events: EventIds, config: Config = None) -> None:
    """Put parked events back to work."""
    from marrowd.cli.queues import retry_events  # noqa: PLC0415

    raise typer.Exit(retry_events(config, events))


@inbox.command("discard")
def inbox_discard(events: EventIds, config: Config = None) -> None:
    """Drop parked events for good."""
    from marrowd.cli.queues import discard_events  # noqa: PLC0415

    raise typer.Exit(discard_events(config, events))


@outbox.command("list")
def outbox_list(
    config: Config = None,
    state: Annotated[str, typer.Option(help="ready, running, taken, parked or all.")] = "parked",
    limit: Limit = 50,
) -> None:
    """List messages; parked ones by default, with the reason."""
    from marrowd.cli.outgoing import list_messages  # noqa: PLC0415

    raise typer.Exit(list_messages(config, state, limit))


@outbox.command("show")
def outbox_show(message: MessageId, config: Config = None) -> None:
    """Show one message with its body (patient data)."""
    from marrowd.cli.outgoing import show_message  # noqa: PLC0415

    raise typer.Exit(show_message(config, message))


@outbox.command("retry")
def outbox_retry(
    messages: MessageIds,
    now: Annotated[bool, typer.Option("--now", help="Also what waits for its next try.")] = False,  # noqa: FBT002
    config: Config = None,
) -> None:
    """Try parked messages again; begin again where a destination answered 410."""
    from marrowd.cli.outgoing import retry_messages  # noqa: PLC0415

    raise typer.Exit(retry_messages(config, messages, is_now=now))


@outbox.command("discard")
def outbox_discard(messages: MessageIds, config: Config = None) -> None:
    """Drop parked messages for good."""
    from marrowd.cli.outgoing import discard_messages  # noqa: PLC0415

    raise typer.Exit(discard_messages(config, messages))


@outbox.command("park")
def outbox_park(destination: str, config: Config = None) -> None:
    """Set aside what waits for a destination that is no longer configured."""
    from marrowd.cli.outgoing import park_messages  # noqa: PLC0415

    raise typer.Exit(park_messages(config, destination))


@outbox.command("replay")
def outbox_replay(
    messages: Annotated[
        list[str] | None, typer.Argument(metavar="[ID]...", show_default=False)
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="ISO 8601: messages written from then on.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="ISO 8601: and before then.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Do it; else only say what.")] = False,  # noqa: FBT002
    config: Config = None,
) -> None:
    """Send taken or parked messages again, under the same ids."""
    from marrowd.cli.outgoing import replay_messages  # noqa: PLC0415

    raise typer.Exit(replay_messages(config, messages or (), since, until, is_applied=apply))


@cards.command("stats")
def cards_stats(config: Config = None) -> None:
    """Print what was shown, accepted, overridden, and why."""
    from marrowd.cli.cards import stats_command  # noqa: PLC0415

    raise typer.Exit(stats_command(config))


@audit.command("export")
def audit_export(
    since: Annotated[str, typer.Option(help="ISO 8601: entries from then on.")],
    until: Annotated[str, typer.Option(help="ISO 8601: and before then.")],
    config: Config = None,
) -> None:
    """Print who was given which patient's card, one JSON line each (patient data)."""
    from marrowd.cli.audit import export_command  # noqa: PLC0415

    raise typer.Exit(export_command(config, since, until))


@db.command("upgrade")
def db_upgrade(config: Config = None) -> None:
    """Bring the schema to what this version needs."""
    from marrowd.cli.schema import upgrade_command  # noqa: PLC0415

    raise typer.Exit(upgrade_command(config))


@db.command("current")
def db_current(config: Config = None) -> None:
    """Print the schema's revision and the one this version needs."""
    from marrowd.cli.schema import current_command  # noqa: PLC0415

    raise typer.Exit(current_command(config))


@program.command()
def doctor(config: Config = None, source: SourceName = None) -> None:
    """Try everything the service depends on; say what is wrong and how to mend it."""
    from marrowd.cli.doctor import doctor_command  # noqa: PLC0415

    raise typer.Exit(doctor_command(config, source))


@configuration.command("check")
def config_check(config: Config = None) -> None:
    """Check the configuration without starting anything."""
    from marrowd.cli.configuration import check_command  # noqa: PLC0415

    raise typer.Exit(check_command(config))


@configuration.command("show")
def config_show(
    config: Config = None,
    rules: Annotated[bool, typer.Option("--rules", help="The clinical rules instead.")] = False,  # noqa: FBT002
) -> None:
    """Print the configuration in force, secrets hidden; or the clinical rules."""
    from marrowd.cli.configuration import show_command  # noqa: PLC0415

    raise typer.Exit(show_command(config, rules=rules))
