"""The board: open deals in columns, one a stage, for a person, a team or all that the viewer may see."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, cast

from attrs import frozen

from crmkit import Column, Opportunity, Table
from crmkit.core.reading.reports import chart
from crmkit.core.reading.reports.standard.choosing import chosen, pipeline_named
from crmkit.translation import _, ngettext

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from crmkit import Session
    from crmkit.core.reading.reports.standard.choosing import Choice

LEVELS = {"self": "owner == me()", "team": "(owner == me() or owner.team == my_team())", "all": "id > 0"}
OPEN = "stage_kind in ('open', 'waiting')"
MEASURES = {"deals": "count()", "amount": "sum(amount)", "weighted": "weighted(amount)"}
CARD = ("id", "name", "customer.name", "owner.name", "amount.base", "probability", "expected_close", "stage_since")
LARGEST_FIRST = "-amount, stage_since"


@frozen(kw_only=True)
class Card:
    """One deal on the board; the amount in the base currency, the probability in percent, `since` in UTC."""

    id: int
    name: str
    customer: str | None
    owner: str | None
    amount: Decimal | None
    probability: Decimal | None
    expected_close: date | None
    since: datetime


@frozen(kw_only=True)
class BoardColumn:
    """One stage of the board: all its deals counted and added up, and the first of them as cards."""

    stage: str
    label: str
    deals: int
    amount: Decimal
    weighted: Decimal
    cards: tuple[Card, ...] = ()


def board(
    session: Session, *, level: str = "all", pipeline: str | None = None, where: str | None = None, cards: int = 0
) -> list[BoardColumn]:
    """Return the columns of the board for the session's actor, with so many cards each.

    The level `self` takes in the actor's own deals, `team` its team's, `all` whatever it may see.

    Raises:
        FilterError: if the filter is wrong; it says where.
        UnknownNameError: if there is no such pipeline.
    """
    entity = session.model.entities["opportunity"]
    found = pipeline_named(session, entity, pipeline)
    choice = chosen(session, entity, where, OPEN, LEVELS[level], tests={"pipeline == given.value": found.name})
    rows = session.aggregate(entity.name, by=["stage"], measures=MEASURES, where=choice.where, given=choice.given)
    measured = {str(stage): figures for stage, *figures in rows}
    stages = {each.name: each.stage.label for each in found.stages if not each.stage.is_closed}
    shown = [name for name in stages if name in measured or not found.stage(name).hidden]
    return [
        BoardColumn(
            stage=name,
            label=stages.get(name, name),
            deals=cast("int", measured[name][0]) if name in measured else 0,
            amount=cast("Decimal", measured[name][1]) if name in measured else Decimal(0),
            weighted=cast("Decimal", measured[name][2]) if name in measured else Decimal(0),
            cards=cards_of(session, choice, name, cards) if cards and name in measured else (),
        )
        for name in [*shown, *(each for each in measured if each not in stages)]
    ]


def cards_of(session: Session, choice: Choice, stage: str, most: int) -> tuple[Card, ...]:
    """Return the cards of a stage: the largest first, then those longest in it."""
    where = f"{choice.where} and stage == given.stage"
    given = {**choice.given, "stage": stage}
    rows = session.rows(Opportunity, CARD, where, given=given, order=LARGEST_FIRST, limit=most)
    names = ("id", "name", "customer", "owner", "amount", "probability", "expected_close", "since")
    return tuple(Card(**dict(zip(names, row, strict=True))) for row in rows)  # type: ignore[arg-type]


def board_report(session: Session, *, level: str, pipeline: str | None, where: str | None) -> Table:
    """Return the columns of the board as a table."""
    columns = board(session, level=level, pipeline=pipeline, where=where)
    currency = session.model.conventions.currency
    return Table(
        [
            Column("stage", _("Stage")),
            Column("deals", _("Deals"), "integer"),
            Column("amount", _("Amount"), "money", currency=currency),
            Column("weighted", _("Weighted amount"), "money", currency=currency),
        ],
        [(each.label, each.deals, each.amount, each.weighted) for each in columns],
        title=_("Board"),
        total=(
            _("Total"),
            sum(each.deals for each in columns),
            _sum(each.amount for each in columns),
            _sum(each.weighted for each in columns),
        ),
        parameters=_given(level=level, pipeline=pipeline, where=where),
        chart=chart.grouped_bar("stage", "amount", "weighted"),
    )


def cards_report(session: Session, *, level: str, pipeline: str | None, where: str | None, cards: int) -> Table:
    """Return the cards of the board as a table."""
    columns = board(session, level=level, pipeline=pipeline, where=where, cards=cards)
    hidden = sum(each.deals - len(each.cards) for each in columns)
    return Table(
        [
            Column("stage", _("Stage")),
            Column("id", _("Id"), "integer"),
            Column("deal", _("Deal")),
            Column("customer", _("Customer")),
            Column("owner", _("Owner")),
            Column("amount", _("Amount"), "money", currency=session.model.conventions.currency),
            Column("probability", _("Probability"), "percent"),
            Column("expected_close", _("Expected close"), "date"),
            Column("days", _("In stage"), "integer", unit=_("days")),
        ],
        [_row(session, each, card) for each in columns for card in each.cards],
        title=_("Board"),
        notes=[_more(hidden)] if hidden else [],
        parameters=_given(level=level, pipeline=pipeline, where=where, cards=cards),
    )


def _more(hidden: int) -> str:
    return ngettext(
        "There is {count} more card. Raise cards to see it.",
        "There are {count} more cards. Raise cards to see them.",
        hidden,
    )


def _row(session: Session, column: BoardColumn, card: Card) -> tuple[str | int | Decimal | date | None, ...]:
    return (
        column.label,
        card.id,
        card.name,
        card.customer,
        card.owner,
        card.amount,
        card.probability,
        card.expected_close,
        (session.reader.context.now - card.since).days,
    )


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def _given(**parameters: str | int | None) -> dict[str, str | int]:
    return {name: value for name, value in parameters.items() if value is not None}
