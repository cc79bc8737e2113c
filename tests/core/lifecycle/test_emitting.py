"""Reactions to declared events: `crmkit_after_emit`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Customer, Event
from crmkit.errors import PluginFailedError, SessionDoomedError
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from crmkit import Batch, Emission, Session
    from crmkit.testing.fixtures import CRMFactory

PAID = Event(name="customer.paid", entity="customer")


def test_plugins_react_to_an_event_in_its_transaction(make_crm: CRMFactory) -> None:
    """They get its name, record and payload, after it was written, and may write more."""
    seen: list[tuple[str, str, int, object]] = []

    def after_emit(session: Session, emissions: Batch[Emission]) -> None:
        for each in emissions.of(Customer):
            seen.append((emissions.plugin, each.event, each.record.id, dict(each.payload)))
            session.update(session.get(Customer, each.record.id), city="Paris")

    crm = make_crm([make_plugin("one", PAID, after_emit=after_emit)])
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
        session.emit("customer.paid", acme, {"amount": 5})
        session.emit("customer.paid", session.get(Customer, acme.id))
        assert session.get(Customer, acme.id).city == "Paris"
    assert seen == [("one", "customer.paid", acme.id, {"amount": 5}), ("one", "customer.paid", acme.id, {})]


def test_a_reaction_that_breaks_takes_the_event_along(make_crm: CRMFactory) -> None:
    """The session is doomed, as after any command that broke midway: nothing of it is kept."""

    def after_emit(emissions: Batch[Emission]) -> None:
        raise LookupError(len(emissions))

    crm = make_crm([make_plugin("one", PAID, after_emit=after_emit)])
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
    failing = pytest.raises(PluginFailedError, match="crmkit_after_emit")
    with pytest.raises(SessionDoomedError), crm.session(actor="admin") as session, failing:
        session.emit("customer.paid", acme)
    with crm.session(actor="admin") as session:
        event = session.tables.system.event
        names = session.unit.connection.execute(event.select().with_only_columns(event.c.name)).scalars()
        assert "customer.paid" not in set(names)
