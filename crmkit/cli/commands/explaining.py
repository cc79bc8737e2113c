"""`crmkit explain`: what a user may do with a record, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from attrs import asdict

from crmkit.cli.language import echo
from crmkit.cli.output import format_option, print_json, print_texts
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.cli.chosen import Chosen
    from crmkit.core.lifecycle.explaining import Explanation


@click.command()
@click.argument("record")
@click.option("--user", required=True, metavar="NAME", help="The user: external id, name or id.")
@format_option()
@click.pass_obj
def explain(chosen: Chosen, *, record: str, user: str, form: str) -> None:
    """Explain what a user may do with a record, and why.

    It says which role, level or share allows what, and which fields are hidden.

    RECORD is like customer:5, or customer:Acme if only one has that name.

    With --format json: {"record", "user", "roles", "whole", "actions", "fields"}.
    """
    from crmkit.cli.naming import record_of, reference_to

    with chosen.session(readonly=True) as session:
        found = record_of(session, record)
        explanation = session.explain(found, reference_to(session, session.model.entities["user"], user))
        conventions = session.model.conventions
    if form == "json":
        print_json(as_json(explanation))
        return
    actions = [
        (each.action, _("yes") if each.is_allowed else _("no"), "; ".join(each.reasons)) for each in explanation.actions
    ]
    print_texts((_("Action"), _("Allowed"), _("Why")), actions, conventions)
    if explanation.fields:
        echo()
        fields = [
            (each.field, _("hidden") if each.is_hidden else _("locked"), each.reason) for each in explanation.fields
        ]
        print_texts((_("Field"), _("State"), _("Why")), fields, conventions)


def as_json(explanation: Explanation) -> dict[str, object]:
    """Return an explanation as JSON."""
    whole = explanation.whole
    return {
        "record": str(explanation.record),
        "user": str(explanation.user),
        "roles": list(explanation.roles),
        "whole": None if whole is None else str(whole),
        "actions": [asdict(each) for each in explanation.actions],
        "fields": [asdict(each) for each in explanation.fields],
    }
