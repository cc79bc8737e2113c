"""The report on the quality of data tells rubbish from data, whose it is, and shows nothing that is hidden."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from crmkit import Contact, Customer, FillerRule, Grant, Product, Role, User
from crmkit.core.declare.kinds import EmailKind, PhoneKind, TextKind
from crmkit.core.nouns.fillers import FILLERS
from crmkit.core.reading.reports.standard.inspecting import plain
from crmkit.errors import DeclarationError, UnknownNameError
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from crmkit import Session, Table
    from crmkit.core.declare.kinds import Kind
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.row("B32")
RUBBISH: dict[Kind, tuple[str, ...]] = {
    TextKind(): (
        "aaaa",
        "xxx",
        "ＸＸＸ",
        "test",
        "Test1",
        " n/a ",
        "N.A.",
        "无",
        "没有",
        "---",
        ".",
        "123",
        "asdfgh",
        "1234567890",
    ),
    PhoneKind(): ("11111111", "12345678", "+33 1 23 45 67 89", "+86 11111111111", "000-0000000", "+49 87654321"),
    EmailKind(): ("a@example.com", "bea@mail.example.org", "x@test.de", "test@acme.fr", "none@acme.fr", "aa@acme.fr"),
}
DATA: dict[Kind, tuple[str, ...]] = {
    TextKind(): ("Acme", "Nan", "Testa Rossa", "3M", "IBM", "1235", "Unknown Worlds", "上海贸易", "没有烦恼"),
    PhoneKind(): ("+33 1 40 20 50 50", "+8613888888888", "+1 415 555 2671", "030 123456"),
    EmailKind(): ("bea@hexample.com", "tester@acme.fr", "nora@acme.fr", "info@protest.de", "anna@acme.fr"),
}


def is_filler(kind: Kind, text: str) -> bool:
    """Return whether a rule of the core takes a text for filler."""
    return any(rule.finds(kind.name, plain(kind, text)) for rule in FILLERS)


def figures(table: Table) -> dict[object, tuple[object, ...]]:
    """Return the rows of a report by their first cell."""
    return {row[0]: row[1:] for row in table.rows}


@pytest.mark.parametrize("kind", RUBBISH, ids=lambda kind: kind.name)
def test_filler_is_told_from_data(kind: Kind) -> None:
    """What people enter because they have to is found; names, numbers and addresses that look like it are not."""
    assert [each for each in RUBBISH[kind] if not is_filler(kind, each)] == []
    assert [each for each in DATA[kind] if is_filler(kind, each)] == []


LETTERS = st.characters(categories=["L"]).filter(lambda letter: len(plain(TextKind(), letter)) == 1)


@given(LETTERS, st.integers(min_value=3, max_value=60))
def test_a_letter_over_and_over_is_filler(letter: str, times: int) -> None:
    """Whatever the letter is."""
    assert is_filler(TextKind(), letter * times)


def fill(session: Session) -> dict[str, User]:
    """Make customers of two users, one of whom enters rubbish."""
    users = {name: session.create(User, name=name, external_id=name, roles=["member"]) for name in ("Ann", "Bob")}
    session.create_many(
        Customer,
        [
            {"name": "Acme", "phone": "+33 1 40 20 50 50", "city": "Paris", "number": "123", "owner": users["Ann"]},
            {"name": "Bolt", "phone": "+33 1 40 20 50 51", "city": "Paris", "owner": users["Ann"]},
            {"name": "xxx", "phone": "+33 1 11 11 11 11", "city": "Paris", "owner": users["Bob"]},
            {"name": "Cole", "phone": "+33 1 40 20 50 52", "tags": ["test"], "owner": users["Bob"]},
            *(
                {"name": "Dull", "phone": "+33 1 40 99 50 5" + str(number), "owner": users["Bob"]}
                for number in range(2)
            ),
        ],
    )
    return users


def test_each_field_says_what_is_missing_filler_or_shared_by_many(session: Session) -> None:
    """Empty, filler and repeated values are counted, with records to open; unique keys are no filler."""
    fill(session)
    found = figures(session.report("data_quality", fields="name,phone,city,tags,number", many=2))
    bad = session.find(Customer, {"name": "xxx"})[0].id
    dull = session.find(Customer, {"name": "Dull"}, order="id")[0].id
    assert found["Name"][0] == 0
    assert found["Name"][2:5] == (1, 2, "Repeated character")
    assert str(found["Name"][5]).startswith(f"customer:{bad} xxx; customer:{dull} Dull")
    assert found["Phone"][2:5] == (1, 0, "Made up number")
    assert found["City"] == (3, 50, 0, 0, None, None)
    assert found["Tags"][0:5] == (5, Decimal("83.33"), 1, 0, "Placeholder")
    assert found["Customer number"][2] == 0


def test_a_manager_sees_who_enters_rubbish(session: Session) -> None:
    """By owner, the most doubtful first, and a filter or an owner looks closer."""
    fill(session)
    table = session.report("data_quality", by="owner", fields="name,phone,tags", many=2)
    assert [row[:4] for row in table.rows] == [("Bob", 4, 4, 100), ("Ann", 2, 0, 0)]
    assert table.rows[1][4] == Decimal("33.33")
    assert [row[0] for row in session.report("data_quality", by="owner", owner="Ann").rows] == ["Ann"]
    (name,) = session.report("data_quality", fields="name", where="name != 'xxx'").rows
    assert name[3] == 0


def test_who_created_a_record_counts_where_there_are_no_owners(session: Session) -> None:
    """Products belong to nobody, but somebody has entered them."""
    session.create(Product, name="Pump", description="n/a")
    (row,) = session.report("data_quality", entity="product", by="owner").rows
    assert row[:3] == ("admin", 1, 1)
    assert session.report("data_quality", entity="order").notes == ("Records looked at: 0.",)


def test_the_report_is_within_what_its_reader_may_see(make_crm: CRMFactory) -> None:
    """Records out of reach are not counted, nor is what they share; hidden fields are no rows."""
    seller = Role(name="seller", grants=(Grant(entity="customer", read="own", hides=("phone",)),))
    crm = make_crm([make_plugin("selling", seller)])
    with crm.session(actor="admin") as session:
        fill(session)
        for name in ("Ann", "Bob"):
            session.update(session.find(User, {"name": name})[0], roles=["seller"])
        session.create(Customer, name="Acme")
    with crm.session(actor="Ann") as session:
        found = figures(session.report("data_quality", many=2))
        assert found["Name"][2:4] == (0, 0)
        assert "Phone" not in found
        with pytest.raises(UnknownNameError, match="phone"):
            session.report("data_quality", fields="phone")
    with crm.session(actor="Bob") as session:
        assert figures(session.report("data_quality", many=2))["Name"][2:4] == (1, 2)


def test_plugins_add_rules(make_crm: CRMFactory) -> None:
    """A rule of a plugin counts beside the core's; one that is no regular expression is refused."""
    crm = make_crm([make_plugin("polite", FillerRule(name="laughter", pattern="(ha)+", kinds=("long_text",)))])
    with crm.session(actor="admin") as session:
        session.create(Contact, name="Haha", description="hahaha")
        found = figures(session.report("data_quality", entity="contact"))
        assert (found["Name"][2], found["Description"][2:5]) == (0, (1, 0, "Laughter"))
    with pytest.raises(DeclarationError, match="regular expression"):
        FillerRule(name="broken", pattern="(")


def test_a_thousand_records_take_few_statements(session: Session) -> None:
    """One for each thousand, and one for each field in which values are seldom shared."""
    session.create_many(Customer, [{"name": f"Customer {number}"} for number in range(999)])
    seen: list[str] = []

    def note(*given: object) -> None:
        seen.append(str(given[2]))

    sa.event.listen(session.unit.connection, "before_cursor_execute", note)
    session.report("data_quality", fields="name,phone,city")
    sa.event.remove(session.unit.connection, "before_cursor_execute", note)
    assert len(seen) == 3
