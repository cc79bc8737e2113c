"""Changing many records in one command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Customer
from crmkit.errors import ConflictError

if TYPE_CHECKING:
    from crmkit import CRM


def test_many_updates_together_are_all_or_none(crm: CRM) -> None:
    """Of many records that are written together, one that somebody else changed is named, and none is changed."""
    with crm.session(actor="admin") as session:
        records = session.create_many(Customer, [{"name": f"c{number}"} for number in range(20)])
    with crm.session(actor="admin") as session:
        session.update(records[11], industry="dental")
    with crm.session(actor="admin") as session:
        with pytest.raises(ConflictError) as caught:
            session.update_many((each, {"industry": "vet", "source": "other"}) for each in records)
        assert (caught.value.id, caught.value.changed) == (records[11].id, ("industry",))
        assert session.count(Customer, {"industry": "vet"}) == 0
        present = session.find(Customer, order="id")
        changed = session.update_many((each, {"industry": "vet"}) for each in present)
        assert [each.version for each in changed] == [3 if number == 11 else 2 for number in range(20)]
        twice = session.update_many((each, {"source": "other"}) for each in [*changed, changed[0]])
        assert twice == [*list(session.find(Customer, order="id")), twice[-1]]
