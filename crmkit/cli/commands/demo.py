"""`crmkit demo`: a CRM to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from crmkit.cli.calling import typed
from crmkit.cli.chosen import FILE, system_user
from crmkit.cli.language import echo
from crmkit.cli.output import print_table
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.app import CRM
    from crmkit.cli.demo.week import Week

FOLDER = Path("crmkit-demo")
REPORTS = ("pipeline", "funnel")
ANSWERS = {"name": "Demo", "database": "sqlite:///crm.db", "currency": "EUR", "time_zone": "UTC", "locale": "en"}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=FOLDER)
@click.option("--force", is_flag=True, help="Make the demo anew in a folder that holds one.")
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed invents another year.")
@click.option(
    "--deals", type=click.IntRange(1, 100_000), default=300, show_default=True, help="How many opportunities."
)
def demo(*, folder: Path, force: bool, seed: int, deals: int) -> None:
    """Make a CRM with a year of invented business, and report on it.

    It goes into FOLDER, by default crmkit-demo. The business is done by the same commands that everybody uses, with a
    clock that goes through a year in seconds. A week follows, in which every plugin shows what it is for.
    """
    from random import Random

    from crmkit.app import CRM
    from crmkit.cli.demo.business import Business
    from crmkit.cli.demo.clock import MovingClock
    from crmkit.cli.demo.folder import prepare
    from crmkit.cli.demo.week import Week, last_monday
    from crmkit.cli.starting import usual_plugins, write_edition
    from crmkit.core.storage.moments import utc_now

    prepare(folder, force=force)
    write_edition(folder / FILE, ANSWERS, usual_plugins())
    now = utc_now()
    clock = MovingClock(last_monday(now))
    crm = CRM.from_edition(folder / FILE, clock=clock)
    crm.upgrade(admin=system_user())
    echo(_("Working through a year of business in {folder} ...", folder=folder))
    random = Random(seed)  # noqa: S311  (it invents data, no secrets)
    Business(crm=crm, clock=clock, random=random, deals=deals).run()
    tell_week(Week(crm=crm, clock=clock, random=random))
    clock.now = now
    tell_reports(crm, folder)
    tell_next(crm, folder)
    crm.close()


def tell_week(week: Week) -> None:
    """Print what happens in the week, with the day and the time."""
    from babel.dates import format_datetime

    for number, (at, told) in enumerate(week.run()):
        if not number:
            echo()
        echo("  " + format_datetime(at, "EEE HH:mm", locale=week.crm.conventions.locale) + "  " + told)


def tell_reports(crm: CRM, folder: Path) -> None:
    """Print the reports, and write them as pages and pictures if charts can be drawn."""
    from crmkit.cli.demo.pictures import write_pictures
    from crmkit.core.declare.demonstrations import Demonstration

    written: list[str] = []
    shown = [name for each, _plugin in crm.model.of(Demonstration) for name in each.reports]
    with crm.session(actor=system_user(), readonly=True) as session:
        for name in (*REPORTS, *shown):
            if name in crm.model.reports:
                table = session.report(name)
                click.echo()
                print_table(table, crm.conventions)
                written += write_pictures(table, folder / name)
    if written:
        echo()
        echo(_("As pages and pictures in {folder}: {names}", folder=folder, names=", ".join(written)))


def tell_next(crm: CRM, folder: Path) -> None:
    """Print three commands to try next."""
    edition = ("--edition", str(folder / FILE))
    large = 'stage.kind == "open" and amount >= 20_000'
    echo()
    echo(_("Try next:"))
    echo()
    click.echo("  " + typed(*edition, "find", "opportunity", large, "--order=-amount", "--limit", "5"))
    click.echo("  " + typed(*edition, "show", "customer:1", "--timeline"))
    last = ("report", "won_lost") if "won_lost" in crm.model.reports else ("model", "opportunity")
    click.echo("  " + typed(*edition, *last))
