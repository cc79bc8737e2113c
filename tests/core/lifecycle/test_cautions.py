"""Cautions: what a session is told about what it wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Customer
from crmkit.errors import Refused
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from crmkit import Batch, Change, Session
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.row("B15")


def tell(session: Session, changes: Batch[Change]) -> None:
    """Say something about customers in Atlantis, and count on nobody to come from Mu."""
    for change in changes.of(Customer):
        session.caution(change.after, "city", "Nobody has been there.", detail=len(changes))
        if change.after.city == "Mu":
            session.create(Customer, name="")


def test_a_session_is_told_what_it_wrote(make_crm: CRMFactory) -> None:
    """A plugin's caution names the record, the field and the text, and may carry a value of the plugin's."""
    with make_crm([make_plugin("guide", after_create=tell)]).session(actor="admin") as session:
        assert not session.cautions
        made = session.create(Customer, name="Acme", city="Atlantis")
        (told,) = session.cautions
        assert (told.record, told.path, told.text, told.detail) == (made.ref, "city", "Nobody has been there.", 1)
        assert session.elevated.cautions == session.cautions
        assert session.elevated.acting.principal.reaches_all is False


def test_what_is_undone_is_not_told_of(make_crm: CRMFactory) -> None:
    """A batch that fails takes what was said about it back."""
    crm = make_crm([make_plugin("guide", after_create=tell)])
    with crm.session(actor="admin") as session:
        with pytest.raises(Refused):
            session.create_many(Customer, [{"name": "One", "city": "Mu"}, {"name": "Two", "city": "Mu"}])
        assert session.cautions == ()
