"""`crmkit lookup`: what other systems know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crmkit.cli.language import echo
from crmkit.cli.output import format_option, print_json, print_pairs
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.cli.chosen import Chosen
    from crmkit.core.lifecycle.lookups import ExternalRecord

STATES = {"missing": _("It has no such record."), "unreachable": _("It can't be read now.")}


@click.command()
@click.argument("what", metavar="SYSTEM|RECORD")
@click.argument("id", required=False)
@format_option()
@click.pass_obj
def lookup(chosen: Chosen, *, what: str, id: str | None, form: str) -> None:
    """Look up what another SYSTEM knows of ID, or what all of them know of a RECORD.

    RECORD is like customer:5, or customer:Acme if only one has that name; its external ids are looked up.

    With --format json: {"records": [{"system", "id", "state", "values"}]}.
    """
    from crmkit.cli.naming import record_of

    with chosen.session(readonly=True) as session:
        found = [session.lookup(what, id)] if id is not None else session.lookups(record_of(session, what))
        labels = {name: each.label for name, each in session.model.external_sources.items()}
    if form == "json":
        print_json({"records": [as_json(each) for each in found]})
        return
    for each in found:
        echo(f"{labels[each.system]} {each.id}")
        print_pairs(shown(each))
    if not found:
        echo(_("No other system knows it."))


def shown(record: ExternalRecord) -> Iterable[tuple[str, str]]:
    """Yield names and values, or why there are none."""
    if record.state != "found":
        yield "", STATES[record.state]
    yield from ((name, "" if value is None else str(value)) for name, value in record.values.items())


def as_json(record: ExternalRecord) -> dict[str, object]:
    """Return a record as JSON; what JSON doesn't know is a text."""
    plain = {
        name: value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
        for name, value in record.values.items()
    }
    return {"system": record.system, "id": record.id, "state": record.state, "values": plain}
