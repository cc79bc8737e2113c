"""`crmkit worker` and `crmkit outbox`: work done, and what waits or was given up."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import click

from crmkit.cli.language import echo
from crmkit.cli.output import format_option, print_json, print_texts
from crmkit.translation import _, about, ngettext

if TYPE_CHECKING:
    from datetime import datetime
    from types import FrameType

    from crmkit.cli.chosen import Chosen
    from crmkit.core.outbox.worker import Worker


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, and end.")
@click.option("--all-tenants", is_flag=True, help="Go round all active tenants, instead of working in one CRM.")
@click.pass_obj
def worker(chosen: Chosen, *, once: bool, all_tenants: bool) -> None:
    """Hand out events and do jobs, until it is stopped.

    Any number of workers may run at once, on any number of machines. Stopped by a signal (Ctrl-C, SIGTERM), it ends
    after the piece of work that it is doing, and leaves the rest to others.
    """
    from crmkit.core.outbox.garbage import rare_collections
    from crmkit.core.tenants.working import TenantWorker

    made: Worker | TenantWorker = chosen.home_crm.tenants.worker() if all_tenants else chosen.database_crm.worker()

    def stop(_number: int, _frame: FrameType | None) -> None:
        made.stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    with rare_collections():
        counts = made.run_once() if once else made.run()
    echo(
        _(
            "Pieces of work done: {done}; to be tried again: {failed}; given up: {dead}; lost to others: {lost}.",
            done=counts.done,
            failed=counts.failed,
            dead=counts.dead,
            lost=counts.lost,
        )
    )
    if counts.failed or counts.dead:
        echo(_("`crmkit outbox status` says what went wrong."), err=True)
    if isinstance(made, TenantWorker):
        for name, problem in sorted(made.problems.items()):
            echo(about(name, str(problem)), err=True)


@click.group()
def outbox() -> None:
    """Show what waits in the outbox, and what was given up."""


@outbox.command()
@format_option()
@click.pass_obj
def status(chosen: Chosen, *, form: str) -> None:
    """Show how every handler and job gets on.

    With --format json: {"consumers": [{"consumer", "is_known", "waiting", "failing", "dead", "done", "oldest",
    "problem"}]}.
    """
    import attrs

    crm = chosen.database_crm
    found = crm.outbox.status()
    if form == "json":
        listed = [attrs.asdict(each) | {"oldest": each.oldest and each.oldest.isoformat()} for each in found]
        print_json({"consumers": listed})
        return
    rows = [
        (
            each.consumer if each.is_known else str(_("{name} (not enabled)", name=each.consumer)),
            str(each.waiting),
            str(each.failing),
            str(each.dead),
            str(each.done),
            shown(each.oldest),
            each.problem or "",
        )
        for each in found
    ]
    headings = (_("Name"), _("Waiting"), _("Failing"), _("Given up"), _("Done"), _("Oldest (UTC)"), _("Problem"))
    print_texts(headings, rows, crm.conventions)


@outbox.command()
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@format_option()
@click.pass_obj
def dead(chosen: Chosen, *, limit: int, form: str) -> None:
    """List what was given up, oldest first.

    With --format json: {"dead": [{"number", "consumer", "event", "record", "tries", "at", "problem"}]}.
    """
    crm = chosen.database_crm
    found = crm.outbox.dead(limit=limit)
    if form == "json":
        listed = [
            {
                "number": each.number,
                "consumer": each.consumer,
                "event": each.event,
                "record": each.record and str(each.record),
                "tries": each.tries,
                "at": each.at.isoformat(),
                "problem": each.problem,
            }
            for each in found
        ]
        print_json({"dead": listed})
        return
    rows = [
        (
            str(each.number),
            each.consumer,
            "" if each.record is None else str(each.record),
            str(each.tries),
            shown(each.at),
            each.problem,
        )
        for each in found
    ]
    headings = (_("Number"), _("Name"), _("Record"), _("Tries"), _("When (UTC)"), _("Problem"))
    print_texts(headings, rows, crm.conventions)


@outbox.command()
@click.option(
    "--consumer", metavar="NAME", help="Only what this handler or job was to do, such as handler:greetings.welcome."
)
@click.option("--number", type=int, metavar="NUMBER", help="Only this piece of work.")
@click.option("--done-since", type=click.DateTime(), help="Also what was done since this moment, UTC.")
@click.pass_obj
def replay(chosen: Chosen, *, consumer: str | None, number: int | None, done_since: datetime | None) -> None:
    """Have what was given up done again."""
    from datetime import UTC

    since = None if done_since is None else done_since.replace(tzinfo=UTC)
    count = chosen.database_crm.outbox.replay(consumer=consumer, number=number, done_since=since)
    echo(ngettext("{count} piece of work is to be done again.", "{count} pieces of work are to be done again.", count))


@outbox.command()
def secret() -> None:
    """Print a new secret for a webhook: for here, and for its receiver."""
    from crmkit.core.outbox.webhooks.signing import new_secret

    echo(new_secret())


def shown(moment: datetime | None) -> str:
    """Return a moment as the lists show it."""
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"
