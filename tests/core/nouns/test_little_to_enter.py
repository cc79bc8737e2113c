"""Whoever enters something in the field enters little: at most two values are mandatory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit.testing.factories import made_up

if TYPE_CHECKING:
    from crmkit.testing.fixtures import CRMFactory

MOST = 2


@pytest.mark.row("B32")
@pytest.mark.parametrize("plugins", [(), ("sales",)], ids=["core", "sales"])
@pytest.mark.parametrize("entity", ["customer", "contact", "opportunity", "order", "order_line", "opportunity_contact"])
def test_at_most_two_values_are_mandatory(make_crm: CRMFactory, plugins: tuple[str, ...], entity: str) -> None:
    """A record of the main line is created with the values that it can't do without, which are at most two."""
    crm = make_crm(plugins)
    with crm.session(actor="admin") as session:
        found = session.model.entities[entity]
        mandatory = [name for name in found.required if found.fields[name].declared.default is None]
        assert len(mandatory) <= MOST
        values = made_up(session, found, {})
        record = session.create(found.record_class, **{name: values[name] for name in mandatory})
        assert record.version == 1
