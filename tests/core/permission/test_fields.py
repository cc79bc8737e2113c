"""Fields that are hidden, locked, sensitive or secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Customer, Grant, Role, Rule, User, extend, integer, locked, text
from crmkit.core.declare.records import Record, record
from crmkit.errors import DeclarationError, FieldHidden, FilterError, Refused
from crmkit.testing.plugins import make_plugin
from crmkit.testing.snapshots import refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit import CRM, Batch, Session, UpdateDraft
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
ACME = 1


@extend(Customer)
class Counted:
    """How long a customer's name is, which a plugin finds out."""

    letters: int | None = locked(integer())


HIDDEN = ("score", "plan", "card", "worth", "marks", "doctor", "origin")


@pytest.mark.row("M1")
def test_a_hidden_field_of_a_record_is_not_there(clinic: CRM) -> None:
    """Reading it raises FieldHidden; it is not among the record's items, nor in what commands return."""
    with clinic.session(actor="clerk") as session:
        acme = session.get(Customer, ACME)
        changed = session.update(acme, city="Lyon")
        moved = session.move(changed, "dormant")
        made = session.create(Customer, name="New")
        for each in (acme, changed, moved, made, session.find(Customer)[0]):
            names = {name for name, _ in each.items()}
            assert not names & {"score", "worth", "diagnosis", "pin", "doctor"}
            assert {"name", "open_note"} <= names
            for name in ("score", "diagnosis", "pin"):
                with pytest.raises(FieldHidden):
                    getattr(each, name)


@pytest.mark.row("M1")
def test_writing_back_what_was_read_keeps_hidden_values(clinic: CRM) -> None:
    """A form that sends back all that it was shown nulls nothing that it wasn't."""
    with clinic.session(actor="clerk") as session:
        acme = session.get(Customer, ACME)
        writable = session.model.entities["customer"].writable
        given = {name: value for name, value in acme.items() if name in writable}
        session.update_many([(acme, {**given, "city": "Nice"})])
        session.delete(session.get(Customer, ACME))
        session.restore(Customer, ACME)
    with clinic.session(actor=SYSTEM) as session:
        acme = session.get(Customer, ACME)
        assert (acme.city, acme.score, acme.diagnosis) == ("Nice", 7, "flu")
        assert session.secret(acme, "pin") == "1234"


@pytest.mark.row("M1")
def test_a_hidden_field_is_written_like_an_unknown_one(clinic: CRM) -> None:
    """The refusal is word for word that of a field which doesn't exist, and suggests no hidden name."""
    with clinic.session(actor="clerk") as session:
        acme = session.get(Customer, ACME)
        acts: list[Callable[[str], object]] = [
            lambda name: session.update_many([(acme, {name: 1})]),
            lambda name: session.create_many(Customer, [{"name": "x", name: 1}]),
            lambda name: session.move_many([acme], "dormant", **{name: 1}),
        ]
        for act in acts:
            texts = []
            for name in ("scorr", "score", "pin", "pinn"):
                with refused(clinic, session, Refused) as caught:
                    act(name)
                told = str(caught.value).replace(name, "N")
                assert not any(repr(hidden) in told for hidden in (*HIDDEN, "pin", "diagnosis"))
                texts.append(told.partition(" Did you mean")[0])
            assert len(set(texts)) == 1, texts


@pytest.mark.row("M1")
def test_a_locked_field_is_read_and_not_written(clinic: CRM) -> None:
    """It is shown, found and sorted by, and whoever writes it is told that it is locked."""
    with clinic.session(actor="desk") as session:
        acme = session.find(Customer, "score == 7")[0]
        assert acme.score == 7
        with refused(clinic, session, Refused) as caught:
            session.update(acme, score=9, city="Lyon", country="FR")
        assert isinstance(caught.value, Refused)
        assert [each.path for each in caught.value.refusals] == ["score", "city"]
        assert session.update(acme, country="FR").country == "FR"


@pytest.mark.row("M1")
def test_a_locked_field_may_be_given_the_value_that_it_has(clinic: CRM) -> None:
    """Who writes back what was read is not refused for a locked field; of a hidden one, the right value is no help."""
    with clinic.session(actor="desk") as session:
        acme = session.find(Customer, "score == 7")[0]
        assert session.update(acme, score=7, country="FR").country == "FR"
        with pytest.raises(Refused):
            session.update(acme, score="seven")
    with clinic.session(actor="clerk") as session, pytest.raises(Refused, match="no such field"):
        session.update(session.get(Customer, ACME), score=7)


@pytest.mark.row("M1")
def test_sensitive_fields_are_for_those_who_are_granted_them(clinic: CRM) -> None:
    """A role that reads everything doesn't see sensitive fields; one that names them does, and so does admin."""
    for actor, sees in (("nurse", True), ("admin", True), ("desk", False), ("clerk", False)):
        with clinic.session(actor=actor) as session:
            if sees:
                assert session.get(Customer, ACME).diagnosis == "flu"
            else:
                with pytest.raises(FilterError):
                    session.find(Customer, "diagnosis == 'flu'")


@pytest.mark.row("M1")
def test_nobody_sees_a_secret(clinic: CRM) -> None:
    """A secret is written by whoever is granted it, and read by nobody, not even by the system."""
    with clinic.session(actor="admin") as session:
        changed = session.update(session.get(Customer, ACME), pin="5555")
        with pytest.raises(FieldHidden):
            _ = changed.pin
        with pytest.raises(FilterError):
            session.rows(Customer, ["pin"])
        assert all("pin" not in {**entry.old, **entry.new} for entry in session.history(changed))
    with clinic.session(actor=SYSTEM) as session:
        with pytest.raises(FieldHidden):
            _ = session.get(Customer, ACME).pin
        assert session.secret(session.get(Customer, ACME), "pin") == "5555"


@pytest.mark.row("M1")
def test_what_one_role_hides_another_may_show(clinic: CRM) -> None:
    """Fields are united over roles as levels are: a field is hidden if no role that reads the entity shows it."""
    with clinic.session(actor="admin") as session:
        session.update(session.find(User, {"name": "clerk"})[0], roles=["clerk", "porter"])
    with clinic.session(actor="clerk") as session:
        acme = session.get(Customer, ACME)
        assert acme.card == "C-77"
        with pytest.raises(FieldHidden):
            _ = acme.score


@pytest.mark.row("M1")
def test_guards_see_whole_records_and_tell_nothing(make_crm: CRMFactory) -> None:
    """Guards and rules work with hidden values; what they refuse names neither the field nor its value."""

    @record
    class Case(Record):
        name: str = text()
        hint: str | None = text()

    seen: list[object] = []

    def before_update(session: Session, drafts: Batch[UpdateDraft]) -> None:
        for draft in drafts.of(Case):
            seen.append(draft.get("hint"))
            if draft.get("name") == "forbidden":
                draft.refuse("hint", f"The hint {draft.get('hint')} forbids it.")

    clerk = Role(name="clerk", grants=(Grant(entity="case", read="all", update="all", create="all", hides=("hint",)),))
    rule = Rule(name="dark", entity="case", when="hint == 'x' and name == 'y'", message="The hint is x.", path="hint")
    crm = make_crm([make_plugin("cases", Case, clerk, rule, before_update=before_update)])
    with crm.session(actor="admin") as session:
        session.create(User, name="Bob", external_id="bob", roles=["clerk"])
        session.create(Case, name="a", hint="x")
    with crm.session(actor="bob") as session:
        case = session.get(Case, 1)
        for name in ("forbidden", "y"):
            with refused(crm, session, Refused) as caught:
                session.update(case, name=name)
            assert "hint" not in str(caught.value)
            assert isinstance(caught.value, Refused)
            assert [each.path for each in caught.value.refusals] == [""]
        case = session.update(case, name="b")
        session.update(case, name="c")
    assert seen == ["x"] * 4


@pytest.mark.parametrize(
    ("grant", "text"),
    [
        (Grant(entity="customer", read="all", hides=("scor",)), "scor"),
        (Grant(entity="customer", read="all", locks=("citty",)), "Did you mean 'city'"),
        (Grant(entity="*", read="all", reveals=("nothing",)), "nothing"),
        (Grant(entity="customer", read="all", hides=("name",)), "name can't be hidden"),
        (Grant(entity="customer", read="all", hides=("version",)), "version can't be hidden"),
    ],
)
def test_grants_about_fields_are_checked_when_loading(make_crm: CRMFactory, grant: Grant, text: str) -> None:
    """Fields that don't exist, or that records are known by, are load errors that name the role."""
    with pytest.raises(DeclarationError, match="role 'r'") as caught:
        make_crm([make_plugin("wrong", Role(name="r", grants=(grant,)))], upgrade=False)
    assert text in str(caught.value)


@pytest.mark.row("M1")
def test_a_locked_field_is_written_by_programs_only(make_crm: CRMFactory) -> None:
    """No role opens a field that is declared locked; guards and `SYSTEM` give it its value."""

    def count_letters(session: Session, drafts: Batch[UpdateDraft]) -> None:
        for draft in drafts.of(Customer):
            draft.set("letters", len(str(draft.get("name"))))

    crm = make_crm([make_plugin("counting", Counted, before_create=count_letters, before_update=count_letters)])
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme")
        acme = session.update(acme, name="Acme Ltd")
        assert acme.letters == len("Acme Ltd")
        with refused(crm, session, Refused) as caught:
            session.update(acme, letters=1)
        assert "may not change this field" in str(caught.value)
        assert session.update(acme, letters=len("Acme Ltd"), city="Lyon").city == "Lyon"  # what was read, sent back
        with refused(crm, session, Refused):
            session.create(Customer, name="Beta", letters=1)
        acme = session.update(acme, name="Acme AG", letters=acme.letters)  # what it has already is no change
        assert acme.letters == len("Acme AG")
    with crm.session(actor=SYSTEM) as session:
        assert session.create(Customer, name="Gamma", letters=9).letters == len("Gamma")
