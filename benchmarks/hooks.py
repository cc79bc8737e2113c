"""Hooks: what it costs to ask nine plugins that have nothing to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.races import CRMKIT, RAW, Bar, Race
from crmkit import CRM, SYSTEM, Batch, Change, Contact, Customer, Manifest, hookimpl
from crmkit.core.assemble.plugins import Plugin
from crmkit.core.lifecycle.hooking import CHANGES, run_hook

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.databases import Databases
    from crmkit import Session

PLUGINS = 9
BATCHES = 1_000
HOOK = "crmkit_after_move"


class Idle:
    """A plugin that looks for contacts in every batch of moves, and finds customers."""

    @hookimpl
    def crmkit_after_move(self, session: Session, changes: Batch[Change]) -> None:
        """Look at the batch as plugins do."""
        for change in changes.of(Contact):
            session.emit("contact.moved", change.after)


def dispatch(databases: Databases, pieces: int, size: int) -> Iterator[Race]:
    """Ask nine plugins that have nothing to do about a batch; beside it, nine plain calls of the same functions."""
    del databases, pieces, size
    idle = [Plugin(manifest=Manifest(name=f"idle{index}"), hooks=(Idle(),)) for index in range(PLUGINS)]
    crm = CRM("sqlite://", idle)
    crm.upgrade()
    functions = [plugin.hooks[0].crmkit_after_move for plugin in idle]  # type: ignore[attr-defined]
    with crm.session(actor=SYSTEM) as session:
        customer = session.create(Customer, name="Customer")
        change = Change(before=customer, after=customer, changed=frozenset())
        batch = Batch(crm.model.entity(Customer), [change], session)

        def ours() -> None:
            for _ in range(BATCHES):
                run_hook(session, HOOK, CHANGES, batch)

        def plain() -> None:
            for _ in range(BATCHES):
                for function in functions:
                    function(session, batch)

        bar = Bar(text="≤ 10 µs a batch", most=10e-6)
        yield Race(line="hooks", count=BATCHES, ways={CRMKIT: lambda _: ours, RAW: lambda _: plain}, bar=bar, rounds=2)
    crm.close()
