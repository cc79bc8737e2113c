"""`crmkit profile`: all that is around a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crmkit.cli.output import format_option, print_json

if TYPE_CHECKING:
    from crmkit.cli.chosen import Chosen


@click.command()
@click.argument("record")
@click.option(
    "--timeline", type=click.IntRange(1, 200), default=20, show_default=True, help="So many of the latest happenings."
)
@format_option()
@click.pass_obj
def profile(chosen: Chosen, *, record: str, timeline: int, form: str) -> None:
    """Show all that is around a record: contacts, opportunities, purchases, channels, happenings.

    RECORD is like customer:5, or customer:Acme if only one has that name. Customers, contacts, opportunities and
    orders have sections, and plugins add more.

    With --format json: {"entity", "record", "related", "sections": {NAME: {"entity", "figures", "records", "is_cut"}},
    "timeline"}.
    """
    from crmkit.cli.naming import record_of
    from crmkit.cli.profiles import print_profile, profile_json

    with chosen.session(readonly=True) as session:
        found = session.profile(record_of(session, record), timeline=timeline)
        if form == "json":
            print_json(profile_json(session, found))
        else:
            print_profile(session, found)
