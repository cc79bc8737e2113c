"""The report `deal`: where a deal stands, what it still needs, and what became of others like it."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from crmkit import Column, Table
from crmkit.core.reading.reports.standard.choosing import record_named
from crmkit.translation import _
from crmkit_sales.assessment import ENOUGH, assess

if TYPE_CHECKING:
    from crmkit import Session
    from crmkit_sales.assessment import Assessment

Row = tuple[str, Decimal | None, Decimal | None, Decimal | None, int | None]
SEEN = _("Past deals are those that you may see.")
FEW = _("Figures that rest on fewer than {enough} past deals say little.")
UNPRICED = _("Closed deals without an amount are not compared; there are {count}.")
MISSING = _("There is no past stay in {stages} to go by; these stages count as taking no time.")


def deal_report(session: Session, *, deal: str) -> Table:
    """Return what is known and to be expected of one deal; the last column says how many past deals a figure rests on.

    Raises:
        Refused: if there is no such opportunity, or more than one.
    """
    record = record_named(session, session.model.entities["opportunity"], deal, "deal")
    found = assess(session, record)
    return Table(
        [
            Column("figure", _("Figure")),
            Column("days", _("Days"), "decimal", places=1),
            Column("share", _("Percent"), "percent"),
            Column("amount", _("Amount"), "money", currency=session.model.conventions.currency),
            Column("basis", _("Past deals"), "integer"),
        ],
        rows(found),
        title=_("{record}: {found}", record=record.name, found=found.label),
        notes=notes(found),
        parameters={"deal": deal},
    )


def rows(found: Assessment) -> list[Row]:
    """Return the figures, each with what it rests on."""
    past = found.similar
    return [
        (_("The deal itself"), found.days_open, None, found.amount, None),
        (_("In the stage {found}", found=found.label), found.days_in_stage, None, None, None),
        (_("Limit of the stage"), found.limit, None, None, None),
        (_("Still needed, by the median of won deals"), found.days_left, None, None, found.won_before),
        (_("Probability noted"), None, found.probability, None, None),
        (_("Won of those that came to this stage"), None, found.win_rate, None, found.came_this_far),
        (_("Similar deals: won"), None, past.win_rate, None, past.closed),
        (_("Similar deals: median from opening to winning"), past.median_days, None, None, past.timed),
        (_("Similar deals: mean amount"), None, None, past.mean_amount, past.priced),
    ]


def notes(found: Assessment) -> list[str]:
    """Return what similar means, and where there is too little history."""
    told = [SEEN, found.similar.meaning]
    basis = (found.won_before, found.came_this_far, found.similar.closed)
    if any(each < ENOUGH for each in basis):
        told.append(FEW.format(enough=ENOUGH))
    if found.similar.unpriced:
        told.append(UNPRICED.format(count=found.similar.unpriced))
    if found.unknown_stages and found.won_before:
        told.append(MISSING.format(stages=", ".join(found.unknown_stages)))
    return told
