"""Similar deals: closed ones for the same product or industry, of about the same size."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, cast

from attrs import frozen

from crmkit import Money, Opportunity
from crmkit.core.reading.reports.standard.won_lost import percent, rounded
from crmkit.core.reading.spans import spans
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit import Record, Session

SMALLEST, LARGEST = Decimal("0.5"), Decimal(2)
"""The band of amounts: from half the deal's own to twice it."""
MEASURES = {
    "closed": "count()",
    "won": "count(stage_kind == 'won')",
    "mean": "avg(amount)",
    "priced": "count(amount)",
}


@frozen(kw_only=True)
class Similar:
    """What became of similar deals.

    Attributes:
        meaning: a sentence that says which deals count as similar.
        closed: how many were won or lost.
        win_rate: how many of them were won, in percent.
        median_days: the median of the days from opening to winning, for the `timed` ones whose days are known.
        mean_amount: the mean in the base currency, of the `priced` ones that have an amount.
        unpriced: how many closed deals were left out because they have no amount to compare.
    """

    meaning: str
    closed: int
    win_rate: Decimal | None
    median_days: Decimal | None
    timed: int
    mean_amount: Decimal | None
    priced: int
    unpriced: int


def similar_deals(session: Session, deal: Record) -> Similar:
    """Return what became of the deals like this one that the actor may see."""
    where, given, meaning = kin(session, deal)
    unpriced = 0
    if isinstance(deal.amount, Money) and deal.amount.base:
        unpriced = session.count(Opportunity, f"{where} and (amount is None or amount == 0)", given=given)
        base = deal.amount.base
        where += " and amount >= given.smallest and amount <= given.largest"
        given |= {"smallest": base * SMALLEST, "largest": base * LARGEST}
    ((closed, won, mean, priced),) = session.aggregate(Opportunity, measures=MEASURES, where=where, given=given)
    entity = session.model.entities["opportunity"]
    only_won = f"{where} and stage_kind == 'won'"
    days = spans(session.reader, entity, "opened_on", "closed_on", where=only_won, given=given, ranked=True)
    summary = days.get(())
    return Similar(
        meaning=meaning,
        closed=cast("int", closed),
        win_rate=percent(cast("int", won), cast("int", closed)),
        median_days=None if summary is None else summary.median,
        timed=0 if summary is None else summary.count,
        mean_amount=None if mean is None else rounded(cast("Decimal", mean)),
        priced=cast("int", priced),
        unpriced=unpriced,
    )


def kin(session: Session, deal: Record) -> tuple[str, dict[str, object], str]:
    """Return the filter for deals of the same product or industry, its values, and a sentence that says so."""
    ((industry,),) = session.rows(Opportunity, ["customer.industry"], {"id": deal.id})
    shared = {"product": ("product", deal.product), "industry": ("customer.industry", industry)}
    known = {name: pair for name, pair in shared.items() if pair[1] is not None}
    tests = [f"{path} == given.{name}" for name, (path, _) in known.items()]
    where = f"stage_kind in ('won', 'lost') and id != given.id and ({' or '.join(tests) or 'id > 0'})"
    given = {"id": deal.id, **{name: value for name, (_, value) in known.items()}}
    return where, given, MEANINGS[tuple(known)]


MEANINGS = {
    (): _("Similar are closed deals of half to twice the amount, as neither product nor industry is known."),
    ("product",): _("Similar are closed deals for the same product, of half to twice the amount."),
    ("industry",): _("Similar are closed deals in the same industry, of half to twice the amount."),
    ("product", "industry"): _(
        "Similar are closed deals for the same product or industry, of half to twice the amount."
    ),
}
