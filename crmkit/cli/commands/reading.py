"""`crmkit find` and `crmkit show`: records as lists and one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crmkit.cli.language import echo
from crmkit.cli.output import format_option, print_json, print_pairs, print_table, print_texts
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.cli.chosen import Chosen
    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session


@click.command()
@click.argument("entity")
@click.argument("where", metavar="[FILTER]", required=False)
@click.option("--search", metavar="TEXT", help="Only records in which this text is found.")
@click.option("--fields", metavar="PATHS", help="What to show, such as name,customer.name,amount.")
@click.option("--order", metavar="PATHS", help="What to sort by, such as -amount,name.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="At most so many.")
@click.option("--after", metavar="CURSOR", help="Go on where an earlier list ended.")
@format_option()
@click.pass_obj
def find(
    chosen: Chosen,
    *,
    entity: str,
    where: str | None,
    search: str | None,
    fields: str | None,
    order: str | None,
    limit: int,
    after: str | None,
    form: str,
) -> None:
    """List the records that a filter or a search text selects.

    FILTER is an expression such as "city == 'Paris' and created_at > now() - days(30)".

    With --format json: {"entity", "records": [{PATH: VALUE}], "next"}; `next` is the cursor for --after, or null.
    """
    from crmkit.cli.listing import listed_json, listed_table, worth_showing
    from crmkit.cli.showing import usual_fields

    with chosen.session(readonly=True) as session:
        found = session.model.entity(entity)
        paths = [each.strip() for each in fields.split(",")] if fields else usual_fields(session, found)
        kind = found.declared.declared
        page = session.rows(kind, paths, where, search=search, order=order, limit=limit, after=after)
        if form == "json":
            print_json({"entity": found.name, "records": listed_json(session, found, paths, page), "next": page.next})
            return
        shown = range(len(paths)) if fields else worth_showing(paths, page)
        rows = [[row[position] for position in shown] for row in page]
        table = listed_table(session, found, [paths[position] for position in shown], rows)
        print_table(table, session.model.conventions)
    if page.next:
        echo(_("There are more: --after {next}", next=page.next))


@click.command()
@click.argument("record")
@click.option("--history", is_flag=True, help="Also what was changed, by whom and when.")
@click.option("--timeline", is_flag=True, help="Also what happened around the record.")
@format_option()
@click.pass_obj
def show(chosen: Chosen, *, record: str, history: bool, timeline: bool, form: str) -> None:
    """Show a record, its history or what happened around it.

    RECORD is like customer:5, or customer:Acme if only one has that name.

    With --format json: {"entity", "record": {FIELD: VALUE}}, and with the flags "history" and "timeline".
    """
    from crmkit.cli import happenings
    from crmkit.cli.naming import record_of
    from crmkit.cli.showing import record_answer, record_pairs

    with chosen.session(readonly=True) as session:
        found = record_of(session, record)
        if form == "json":
            answer = record_answer(session, found)
            answer |= {"history": happenings.history_json(session, found)} if history else {}
            answer |= {"timeline": happenings.timeline_json(session.timeline(found))} if timeline else {}
            print_json(answer)
            return
        print_pairs(record_pairs(session, found))
        print_happenings(session, found, history=history, timeline=timeline)


def print_happenings(session: Session, record: Record, *, history: bool, timeline: bool) -> None:
    """Print the tables of what happened to and around a record."""
    from crmkit.cli import happenings

    if history:
        echo()
        echo(_("History"))
        rows = happenings.history_rows(session, record)
        print_texts((_("When"), _("Who"), _("What"), _("Changes")), rows, session.model.conventions)
    if timeline:
        echo()
        echo(_("Timeline"))
        rows = happenings.timeline_rows(session, session.timeline(record))
        print_texts((_("When"), _("Who"), _("What"), _("Record")), rows, session.model.conventions)
