from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import Contact, Customer
from crmkit.errors import AccessDeniedError, NotFoundError, Refused
from crmkit_activities.notebook import NotebookLink, NotebookPage, take_back, versions

if TYPE_CHECKING:
    from crmkit import CRM, Session, User
    from crmkit.testing.clock import FrozenClock

pytestmark = pytest.mark.row("C10")


def test_pages_are_found_by_their_words_and_tags(session: Session) -> None:
    """Search looks into titles, texts and tags of pages, whatever case and width, and filters know tags."""
    session.create(NotebookPage, title="Fair in Lyon", text="Who came:\nDr. Müller, 客户", tags=["Fairs", "2026"])
    session.create(NotebookPage, title="Prices", text="Nothing")
    for words in ("müller lyon", "MÜLLER", "客户", "fairs"):
        assert [each.title for each in session.find(NotebookPage, search=words)] == ["Fair in Lyon"]
    assert session.count(NotebookPage, "'fairs' in tags") == 1


def test_pages_are_linked_to_records(session: Session) -> None:
    """A page is linked to any number of records, each once, and is in their profiles."""
    page = session.create(NotebookPage, title="Fair")
    acme, lea = session.create(Customer, name="Acme"), session.create(Contact, name="Lea")
    session.create_many(NotebookLink, [{"page": page, "record": each} for each in (acme, lea)])
    with pytest.raises(Refused, match="linked to this record already"):
        session.create(NotebookLink, page=page, record=lea)
    for record in (acme, lea):
        assert [row["page.title"] for row in session.profile(record)["notebook"].rows] == ["Fair"]


def test_every_version_of_a_page_is_kept(crm: CRM, people: dict[str, User], clock: FrozenClock) -> None:
    """All that a page said is read and taken back, with who wrote it when; taking back is a new version."""
    with crm.session(actor="ann") as session:
        page = session.create(NotebookPage, title="Fair", text="one", tags=["a", "b"])
        clock.advance(hours=1)
        page = session.update(page, text="two", tags=None)
        page = session.update(page, owner=people["ann"], title="Fair in Lyon")
        found = [(each.version, each.title, each.text, each.tags) for each in versions(session, page)]
        assert found == [
            (3, "Fair in Lyon", "two", ()),
            (2, "Fair", "two", ()),
            (1, "Fair", "one", ("a", "b")),
        ]
        assert {(each.at, each.actor) for each in versions(session, page)[:2]} == {(clock.now, people["ann"].id)}
        page = take_back(session, page, 1)
        assert (page.version, page.title, page.text, page.tags) == (4, "Fair", "one", ("a", "b"))
        with pytest.raises(NotFoundError):
            take_back(session, page, 0)
    with crm.session(actor="bob") as session:
        assert len(versions(session, page)) == 4
        with pytest.raises(AccessDeniedError):
            take_back(session, page, 2)
