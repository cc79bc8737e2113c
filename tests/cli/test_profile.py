"""`crmkit profile` shows all that is around a record."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.cli.conftest import CommandLine


@pytest.mark.row("B2")
def test_profile_prints_what_is_around_a_customer(filled: CommandLine) -> None:
    """Sections with something in them are tables, with their figures; empty ones are not there."""
    filled("create", "order", "customer=1", "number=O-1", "amount=1200", "ordered_on=2026-03-31")
    filled("create", "order_line", "order=1", "description=Pump", "price=600", "quantity=2")
    shown = filled("profile", "customer:Acme").stdout
    for text in ("Lifetime value  €1,200.00", "Last purchase   Mar 31, 2026", "200 seats", "Lines", "Pump", "Timeline"):
        assert text in shown
    assert "Contacts" not in shown
    assert "客户" not in shown
    chinese = filled("--language", "zh_CN", "profile", "customer:1").stdout
    assert "Lifetime value" not in chinese
    assert "终身价值" in chinese


def test_profile_as_json_holds_every_section(filled: CommandLine) -> None:
    """Programs get all sections, empty ones too, with exact numbers as texts."""
    filled("create", "order", "customer=1", "number=O-1", "amount=1200", "ordered_on=2026-03-31")
    found = json.loads(filled("profile", "customer:1", "--timeline", "1", "--format", "json").stdout)
    assert set(found) == {"entity", "record", "related", "sections", "timeline"}
    assert found["related"]["owner"] == {"record": "user:1", "title": "admin"}
    purchases = found["sections"]["purchases"]
    assert purchases["figures"] == {
        "count": 1,
        "lifetime_value": {"amount": "1200", "currency": "EUR"},
        "first_purchase": "2026-03-31",
        "last_purchase": "2026-03-31",
    }
    assert purchases["records"][0]["record"] == "order:1"
    assert purchases["records"][0]["values"]["amount"]["amount"] == "1200.00"
    assert purchases["records"][0]["sections"]["lines"]["records"] == []
    assert found["sections"]["contacts"] == {"entity": "contact", "figures": {}, "records": [], "is_cut": False}
    assert len(found["timeline"]) == 1
    assert "no customer 99" in filled("profile", "customer:99", code=1).stderr.lower()
