"""Duplicates: found when a record is written, listed in a report, dismissed by whoever knows better."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from crmkit import CRM, Compare, Contact, Customer, DuplicateRule, Key, Opportunity, Record, User
from crmkit.errors import AccessDeniedError, DeclarationError, NotFoundError, Refused
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit import Session
    from crmkit.testing.fixtures import CRMFactory

STRICT = str(Path(__file__).with_name("strict.py"))


@pytest.fixture
def crm(make_crm: CRMFactory) -> CRM:
    """A CRM with rules that block and link, and users with little reach."""
    crm = make_crm([STRICT])
    with crm.session(actor="admin") as session:
        for name in ("clerk", "loner"):
            session.create(User, name=name, external_id=name, roles=[name])
    return crm


def entity(session: Session, name: str) -> type[Record]:
    """Return an entity of the plugin."""
    return session.model.entities[name].record_class


@pytest.mark.row("B6")
def test_a_likely_duplicate_is_told_with_reasons(session: Session) -> None:
    """Who writes a record that looks like another one is told which, how likely, and by which fields; no value."""
    acme = session.create(Customer, name="Acme Industries GmbH", website="https://www.acme.example", city="Berlin")
    again = session.create(Customer, name="ACME Industries", website="http://acme.example/about", city="Berlin")
    (warning,) = session.identity.warnings
    (found,) = warning.duplicates
    assert (warning.record, found.record, found.rule) == (again.ref, acme.ref, "same_customer")
    assert found.score > 0.99
    assert [each.fields for each in found.reasons] == [("name",), ("website",), ("city",)]
    assert "acme" not in repr(found).lower().replace("same_customer", "")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"name": "Bea Martin", "email": "bea@a.example"}, {"name": "B. Martin", "email": "bea+crm@A.example"}, True),
        ({"name": "Bea Martin", "phone": "+33140205050"}, {"name": "Martin, Bea", "mobile": "+33140205050"}, True),
        ({"name": "Bea Martin", "birthday": "1980-02-29"}, {"name": "Béa  MARTIN", "birthday": "1980-02-29"}, True),
        ({"name": "Bea Martin", "phone": "+33140205050"}, {"name": "Cem Yıldız", "phone": "+33140205050"}, False),
        ({"name": "Bea Martin"}, {"name": "Bea Martin"}, False),
        ({"name": "Bea Martin", "birthday": "1980-02-29"}, {"name": "Cem Yıldız", "birthday": "1980-02-29"}, False),
    ],
)
def test_what_makes_contacts_the_same(
    session: Session, one: dict[str, Any], other: dict[str, Any], *, same: bool
) -> None:
    """An address or a birthday with the same name is enough; a shared switchboard or a frequent name alone is not."""
    session.create(Contact, **one)
    session.create(Contact, **other)
    assert bool(session.identity.warnings) is same
    assert bool(list(session.identity.candidates(Contact))) is same


def test_a_batch_is_checked_against_itself_and_in_few_statements(crm: CRM, statements: list[str]) -> None:
    """Two alike in one batch are told, too; the number of statements doesn't grow with the batch."""
    with crm.session(actor="admin") as session:
        rows = [{"name": f"Person {number}", "email": f"p{number}@a.example"} for number in range(100)]
        session.create_many(Contact, rows)
    counts = []
    for size in (2, 50):
        with crm.session(actor="admin") as session:
            statements.clear()
            session.create_many(Contact, rows[:size] + rows[:1])
            counts.append(len(statements))
            assert len(session.identity.warnings) == size + 1
            last = session.identity.warnings[-1]
            assert len(last.duplicates) == (2 if size == 2 else 4)
    assert counts[1] <= counts[0]  # the first may take a block of ids


def test_a_rule_that_blocks_refuses(crm: CRM) -> None:
    """A record that is blocked is refused with its field, within a batch too, and nothing is written."""
    with crm.session(actor="admin") as session:
        supplier = entity(session, "supplier")
        first = session.create(supplier, name="One", email="sales@one.example")
        with pytest.raises(Refused, match=f"looks like Supplier {first.id}") as caught:
            session.create(supplier, name="Uno", email="SALES@one.example")
        assert [each.path for each in caught.value.refusals] == ["email"]
        assert "one.example" not in str(caught.value)
        other = session.create(supplier, name="Two", email="two@two.example")
        with pytest.raises(Refused):
            session.update(other, email="sales@one.example")
        with pytest.raises(Refused, match="number 0 of the same batch"):
            session.create_many(
                supplier, [{"name": "A", "email": "x@x.example"}, {"name": "B", "email": "X@x.example"}]
            )
        assert session.count(supplier) == 2
        session.update(first, name="Uno")
        session.delete(first)
        session.update(other, email="sales@one.example")


def test_a_rule_that_links_notes_where_it_comes_from(crm: CRM) -> None:
    """The new record is linked to the one that it looks like."""
    with crm.session(actor="admin") as session:
        partner = entity(session, "partner")
        first = session.create(partner, name="One", tax_number="DE123")
        second = session.create(partner, name="Uno", tax_number="DE123")
        session.create_many(partner, [{"name": "A", "tax_number": "DE9"}, {"name": "B", "tax_number": "DE9"}])
        assert [(each.kind, each.source) for each in session.trace(first)] == [("duplicate_of", second.ref)]
        assert len(session.identity.warnings) == 2


def test_nothing_is_told_of_records_out_of_reach_but_that_there_is_one(crm: CRM) -> None:
    """Whoever may not see the other record is told to ask, with no id, score, or reason; a block says no more."""
    with crm.session(actor="admin") as session:
        session.create(Contact, name="Bea Martin", email="bea@a.example")
        session.create(entity(session, "supplier"), name="One", email="sales@one.example")
    with crm.session(actor="loner") as session:
        session.create(Contact, name="Bea Martin", email="bea@a.example")
        (warning,) = session.identity.warnings
        assert [(each.record, each.score, each.reasons) for each in warning.duplicates] == [(None, 0.0, ())]
        assert list(session.identity.candidates(Contact)) == []


@pytest.mark.parametrize("passport", ["P1", "P2"])
def test_a_hidden_field_changes_no_answer(crm: CRM, passport: str) -> None:
    """Whether a field that the actor doesn't see is the same shows in no warning, candidate, report or refusal."""
    with crm.session(actor="admin") as session:
        one = session.create(Contact, name="Bea Martin", passport="P1")
        two = session.create(Contact, name="Cem Kaya", passport=passport)
        assert bool(session.identity.warnings) is (passport == "P1")
        assert len(list(session.identity.candidates(Contact))) == (passport == "P1")
    with crm.session(actor="clerk") as session:
        session.update(session.get(Contact, two.id), title="Buyer")
        session.update(session.get(Contact, two.id), email="cem@a.example")
        assert session.identity.warnings == ()
        assert session.identity.duplicates(session.get(Contact, one.id)) == []
        assert list(session.identity.candidates(Contact, least=0.0001)) == []
        assert session.report("duplicates", entity="contact", least=1).rows == ()


@pytest.mark.row("B6")
def test_the_report_lists_pairs_until_they_are_dismissed(crm: CRM) -> None:
    """A pair stands in the report once, with what speaks for it; dismissed, it is gone, and nobody is warned of it."""
    with crm.session(actor="admin") as session:
        one = session.create(Contact, name="Bea Martin", email="bea@a.example", phone="+33140205050")
        two = session.create(Contact, name="Bea Martin", email="bea@a.example", phone="+33140205050")
        session.create(Contact, name="Somebody Else")
        table = session.report("duplicates", entity="contact")
        ((first, _name, second, _other, likelihood, reasons),) = table.rows
        assert (first, second, reasons) == (one.id, two.id, "Email, Name, Phone")
        assert likelihood is not None
        assert [each.record for each in session.identity.duplicates(two)] == [one.ref]
        session.identity.dismiss(two, one)
        session.identity.dismiss(one, two)
        assert session.report("duplicates", entity="contact").rows == ()
        assert session.identity.duplicates(two) == []
        session.update(two, email="b@a.example")
        assert len(session.identity.warnings) == 1
        with pytest.raises(Refused, match="no duplicate rule"):
            session.report("duplicates", entity="opportunity")
        with pytest.raises(Refused, match="Two different records"):
            session.identity.dismiss(one, one)
    with crm.session(actor="loner") as session, pytest.raises(NotFoundError):
        session.identity.dismiss(one, two)
    with crm.session(actor="admin") as session:
        session.create(User, name="viewer", external_id="viewer", roles=["viewer"])
    with crm.session(actor="viewer") as session, pytest.raises(AccessDeniedError):
        session.identity.dismiss(one, two)


def test_keys_follow_every_write(crm: CRM) -> None:
    """Created, changed, deleted, restored, merged and taken apart: the keys are those of the living records."""

    def keys(session: Session) -> set[int]:
        table = crm.tables.system.duplicate_key
        rows = session.unit.connection.execute(sa.select(table.c.record_id).where(table.c.entity == "contact"))
        return set(rows.scalars())

    with crm.session(actor="admin") as session:
        one = session.create(Contact, name="Bea Martin", email="bea@a.example")
        two = session.create(Contact, name="Cem Kaya", email="cem@a.example")
        assert keys(session) == {one.id, two.id}
        session.delete(two)
        assert keys(session) == {one.id}
        two = session.restore(Contact, two.id)
        two = session.update(two, email="bea@a.example", name="Bea Martin")
        assert [each.record for each in session.identity.duplicates(one)] == [two.ref]
        one = session.merge(one, two)
        assert keys(session) == {one.id}
        session.unmerge(one)
        assert keys(session) == {one.id, two.id}


def test_keys_are_made_for_records_that_were_there_before_the_rule(make_crm: CRMFactory) -> None:
    """A plugin with a new rule finds old records from the upgrade on; a second upgrade does nothing."""
    database = make_crm.database()
    crm = make_crm(on=database)
    with crm.session(actor="admin") as session:
        session.create_many(Opportunity, [{"name": "Big deal"}, {"name": "Big deal"}])
    rule = DuplicateRule(
        name="same_deal",
        entity="opportunity",
        keys=((Key(fields="name", way="organisation"),),),
        compares=(Compare(fields="name", way="organisation", agrees=0.9, chance=0.00001),),
    )
    crm = make_crm([make_plugin("deals", rule)], on=database, upgrade=False)
    assert "make the keys of 2 records of opportunity anew" in crm.upgrade()
    assert crm.upgrade() == []
    with crm.session(actor="admin") as session:
        assert len(list(session.identity.candidates(Opportunity))) == 1


def test_a_rule_must_make_sense() -> None:
    """Rules without keys, with odd rates, or about unknown fields are refused when they are said or assembled."""
    compare = Compare(fields="name", way="person")
    key = (Key(fields="name", way="person"),)
    with pytest.raises(DeclarationError, match="less than agrees"):
        Compare(fields="name", way="person", agrees=0.1, chance=0.5)
    with pytest.raises(DeclarationError, match="needs keys"):
        DuplicateRule(name="none", entity="customer", keys=(), compares=(compare,))
    with pytest.raises(ValueError, match="way"):
        Key(fields="name", way="smell")  # type: ignore[arg-type]
    with pytest.raises(DeclarationError, match="nmae"):
        CRM(
            "sqlite://",
            [
                make_plugin(
                    "odd",
                    DuplicateRule(
                        name="odd", entity="customer", keys=(key,), compares=(Compare(fields="nmae", way="person"),)
                    ),
                )
            ],
        )


@pytest.fixture
def statements(crm: CRM) -> Iterator[list[str]]:
    """The statements that reach the database, as they come."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found.append(statement)

    sa.event.listen(crm.engine, "before_cursor_execute", note)
    yield found
    sa.event.remove(crm.engine, "before_cursor_execute", note)


def test_what_speaks_for_two_records_being_the_same_and_against_it_is_told(session: Session) -> None:
    """A comparison names fields with weights on both sides, and whether the rule would ever compare them itself."""
    bea = session.create(Contact, name="Bea Martin", email="bea@acme.example", birthday="1980-02-01")
    other = session.create(Contact, name="Bea Martin", email="bea@acme.example", birthday="1999-12-24")
    (found,) = (each for each in session.identity.compare(bea, other) if each.rule == "same_contact")
    assert [each.fields for each in found.against] == [("birthday",)]
    assert {each.fields[0] for each in found.reasons} == {"name", "email"}
    (listed,) = (each for each in session.identity.duplicates(bea) if each.rule == "same_contact")
    assert (listed.score, listed.reasons, found.share_key) == (found.score, found.reasons, True)
    session.identity.dismiss(bea, other)
    assert session.identity.compare(other, bea)[0].is_dismissed
    stranger = session.create(Contact, name="Cid Lopez")
    assert not any(each.share_key for each in session.identity.compare(bea, stranger))
    session.delete(other)
    with pytest.raises(NotFoundError):
        session.identity.compare(bea, other)


def break_off(_made: object) -> None:
    """Fail."""
    raise ZeroDivisionError


def test_what_is_taken_back_leaves_no_warning(session: Session) -> None:
    """A warning about a record that was undone with its savepoint is undone, too."""
    session.create(Contact, name="Bea Martin", email="bea@acme.example")
    with pytest.raises(ZeroDivisionError), session.unit.savepoint():
        break_off(session.create(Contact, name="Bea Martin", email="bea@acme.example"))
    assert session.identity.warnings == ()


def test_a_batch_meets_what_records_one_by_one_meet(make_crm: CRMFactory) -> None:
    """A key that more than `largest` records share is passed over in both, from the same record on."""
    rule = DuplicateRule(
        name="same_site",
        entity="opportunity",
        keys=((Key(fields="name", way="same"),),),
        compares=(Compare(fields="name", way="same", agrees=0.99, chance=0.000001),),
        largest=3,
    )
    crm = make_crm([make_plugin("crowd", rule)])
    told = []
    for batches in ([6], [1] * 6, [2, 4]):
        with crm.session(actor="admin") as session:
            made = [each for size in batches for each in session.create_many(Opportunity, [{"name": "Alike"}] * size)]
            told.append([len(each.duplicates) for each in session.identity.warnings])
            for each in made:
                session.delete(each)
    assert told == [[1, 2, 3]] * 3
