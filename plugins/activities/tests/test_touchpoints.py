from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Contact, Customer, Opportunity
from crmkit.errors import Refused
from crmkit_activities.activity import Activity

if TYPE_CHECKING:
    from crmkit import CRM, Session, User

pytestmark = pytest.mark.row("B26")

TOUCH = {"kind": "touchpoint", "subject": "Visited our stand", "stage": "done"}


def test_a_touchpoint_says_how_and_why_there_was_contact(session: Session) -> None:
    """A touchpoint records channel, direction, campaign, who acted, the expressed need, and the stage at that time."""
    acme = session.create(Customer, name="Acme")
    lea = session.create(Contact, name="Lea", customer=acme)
    touch = session.create(
        Activity, contact=lea, channel="exhibition", direction="inbound", campaign="Spring", need="200 seats", **TOUCH
    )
    assert (touch.channel, touch.direction, touch.campaign, touch.need) == (
        "exhibition",
        "inbound",
        "Spring",
        "200 seats",
    )
    assert (touch.actor, touch.customer, touch.stage_then) == (lea.ref, acme.ref, "customer.prospect")
    ours = session.create(Activity, customer=acme, channel="sms", direction="outbound", **TOUCH)
    assert ours.actor == session.actor_ref
    assert session.find(Activity, search="200 seats") == (touch,)
    with pytest.raises(Refused) as caught:
        session.create(Activity, **TOUCH)
    assert sorted(each.path for each in caught.value.refusals) == ["channel", "direction"]


def test_the_stage_of_that_time_is_kept(session: Session) -> None:
    """What a contact was about had a stage then, which stays noted when the deal goes on."""
    deal = session.create(Opportunity, name="200 seats", customer=session.create(Customer, name="Acme"))
    touch = session.create(Activity, about=deal, channel="website", direction="inbound", **TOUCH)
    session.move(deal, "proposal")
    later = session.create(Activity, about=deal, channel="website", direction="inbound", **TOUCH)
    notes = [session.get(Activity, each.id).stage_then for each in (touch, later)]
    assert notes == ["opportunity.qualification", "opportunity.proposal"]


def test_touchpoints_are_counted_by_channel_and_by_stage(crm: CRM, people: dict[str, User]) -> None:
    """All contacts count, of whatever kind; what is planned, and what is no contact, doesn't."""
    with crm.session(actor="admin") as session:
        acme, beta = session.create(Customer, name="Acme"), session.create(Customer, name="Beta", stage="active")
        done = {"stage": "done", "owner": people["ann"]}
        session.create_many(
            Activity,
            [
                {**TOUCH, **done, "channel": "shop", "direction": "inbound", "customer": acme, "need": "A chair"},
                {**TOUCH, **done, "channel": "shop", "direction": "inbound", "customer": beta},
                {**TOUCH, **done, "channel": "phone", "direction": "outbound"},
                {"kind": "call", "subject": "a", "direction": "outbound", "outcome": "busy", "customer": acme, **done},
                {"kind": "task", "subject": "a", "customer": acme, **done},
                {"kind": "call", "subject": "planned", "direction": "outbound", "customer": acme},
            ],
        )
        table = session.report("touchpoints")
        assert table.rows == (("Phone", 2, 0, 2, 0), ("Shop", 2, 2, 0, 1))
        assert table.total == ("Total", 4, 2, 2, 1)
        assert "Shop" in table.to_svg()
        stages = session.report("touchpoints", by="stage", where="customer is not None")
        assert stages.rows == (("Customer: Prospect", 2, 1, 1, 1), ("Customer: Active", 1, 1, 0, 0))
        months = session.report("touchpoints", by="month", owner="ann", since="2026-03-01", until="2026-03-31")
        assert [row[:2] for row in months.rows] == [("2026-03", 4)]
        assert session.report("touchpoints", until="2026-02-28").rows == ()
