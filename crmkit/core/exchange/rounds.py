"""Rounds: a batch of rows brought into the database as if one came after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.exchange.deciding import decide
from crmkit.core.exchange.referring import resolve
from crmkit.core.exchange.saving import create_rows, update_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crmkit.core.exchange.batch import Batch
    from crmkit.core.exchange.results import RowOutcome
    from crmkit.core.exchange.rowmapping import MappedRow


def run_batch(batch: Batch, rows: Sequence[MappedRow]) -> list[RowOutcome]:
    """Bring rows into the database and return what became of each, in their order.

    Rows that depend on another row of the batch, by their key or by what they refer to, wait for the next round.
    """
    pending = list(batch.sound(rows))
    while pending:
        found = resolve(batch, pending)
        decided = decide(batch, list(batch.sound(found.ready)))
        create_rows(batch, decided.creates)
        update_rows(batch, decided.updates)
        waiting = [*batch.sound(found.waiting), *decided.later]
        pending = sorted(waiting, key=lambda each: each.number)
    return sorted(batch.outcomes, key=lambda each: (each.row, each.part))
