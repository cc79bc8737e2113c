"""Sensitive data rest on a purpose, and a purpose may rest on a consent, which persons give and withdraw."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import SYSTEM, Contact, Customer, Order, Purpose, Record, Ref, User, extend, long_text, record, ref, text
from crmkit.core.lifecycle.privacy.consents import Ungrounded
from crmkit.errors import AccessDeniedError, ClashError, DeclarationError, NotFoundError, Refused, UnknownNameError
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.row("M16")


@extend(Customer)
class Health:
    """What a spa knows."""

    allergies: str | None = text(privacy="sensitive")
    insurance: str | None = text(privacy="sensitive")


@record
class Treatment(Record):
    """A treatment of a customer."""

    customer: Ref[Customer] = ref(person="about")
    name: str = text()
    finding: str | None = long_text(privacy="sensitive")


@record
class Photo(Record):
    """A photo taken at a treatment: it is about the customer, by the treatment."""

    treatment: Ref[Treatment] = ref(part_of=True)
    shows: str | None = text(privacy="sensitive")


PURPOSES = (
    Purpose(name="care", basis="consent", fields=("customer.allergies", "treatment.finding", "photo.shows")),
    Purpose(name="billing", basis="contract", fields=("customer.insurance",)),
    Purpose(name="study", basis="consent", fields=("treatment.finding",)),
)


@pytest.fixture
def spa(make_crm: CRMFactory) -> CRM:
    """A spa with a customer."""
    crm = make_crm([make_plugin("spa", Health, Treatment, Photo, *PURPOSES)])
    with crm.session(actor="admin") as session:
        session.create(Customer, name="Kim", type="person")
    return crm


def new(record: Record) -> Any:
    """Return a record as one whose attributes any plugin may have declared."""
    return record


def test_nothing_sensitive_is_kept_without_consent(spa: CRM) -> None:
    """Where all purposes rest on consent, one that holds must be there; emptying, and other grounds, need none."""
    with spa.session(actor="admin") as session:
        kim = session.get(Customer, 1)
        with pytest.raises(Refused, match="care, which rests on consent, and customer:1 has given none") as caught:
            session.update(kim, allergies="nuts")
        assert caught.value.refusals[0].path == "allergies"
        kim = session.update(kim, insurance="AOK 17")
        session.consents.give(kim, "care", source="form", evidence="form 12 of 3 March")
        kim = session.update(kim, allergies="nuts")
        session.consents.withdraw(kim, "care")
        with pytest.raises(Refused):
            session.update(kim, allergies="nuts and milk")
        kim = session.update(kim, city="Lyon")
        assert (new(kim).allergies, new(session.update(kim, allergies=None)).allergies) == ("nuts", None)


def test_the_system_and_plugins_are_bound_as_well(spa: CRM) -> None:
    """There is no side door: neither the system nor a plugin's hook writes what rests on nothing."""
    with spa.session(actor=SYSTEM) as session:
        with pytest.raises(Refused, match="rests on consent"):
            session.update(session.get(Customer, 1), allergies="nuts")
        with pytest.raises(Refused, match="Write the record without it"):
            session.create(Customer, name="Lee", allergies="nuts")


def test_records_about_a_person_rest_on_that_persons_consent(spa: CRM) -> None:
    """A treatment and its photos ask the customer; one of several purposes is enough."""
    with spa.session(actor="admin") as session:
        kim = session.get(Customer, 1)
        with pytest.raises(Refused, match="care, study"):
            session.create(Treatment, customer=kim, name="Massage", finding="tense")
        session.consents.give(kim, "study")
        treatment = session.create(Treatment, customer=kim, name="Massage", finding="tense")
        with pytest.raises(Refused, match="customer:1 has given none"):
            session.create(Photo, treatment=treatment, shows="shoulder")
        session.consents.give(kim, "care")
        session.create(Photo, treatment=treatment, shows="shoulder")
        other = session.create(Customer, name="Lee")
        with pytest.raises(Refused, match="customer:2 has given none"):
            session.create(Treatment, customer=other, name="Massage", finding="tense")


def test_a_consent_holds_from_when_it_was_given_until_it_ends(spa: CRM, clock: FrozenClock) -> None:
    """It is asked for at any moment, with its end by itself or by being withdrawn."""
    with spa.session(actor="admin") as session:
        kim = session.get(Customer, 1)
        start = clock.now
        session.consents.give(kim, "care", given_at=start - timedelta(days=2), expires_at=start + timedelta(days=5))
        holds = session.consents.holds
        assert holds(kim, "care")
        assert [holds(kim, "care", at=start + timedelta(days=day)) for day in (-3, -2, 4, 5)] == [
            False,
            True,
            True,
            False,
        ]
        clock.advance(days=1)
        (withdrawn,) = session.consents.withdraw(kim, "care")
        assert new(withdrawn).withdrawn_at == clock.now
        assert [holds(kim, "care"), holds(kim, "care", at=start)] == [False, True]
        assert holds(kim, "billing"), "a contract needs no consent"
        with pytest.raises(NotFoundError):
            session.consents.withdraw(kim, "care")
        with pytest.raises(UnknownNameError, match="purpose"):
            holds(kim, "nothing")
        assert len(session.consents.of(kim)) == 1


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_consent_that_means_nothing_is_refused(spa: CRM, clock: FrozenClock) -> None:
    """It is for a purpose that rests on consent, of a person, at moments that fit, and stays as it was given."""
    with spa.session(actor="admin") as session:
        kim = session.get(Customer, 1)
        wrong: list[tuple[dict[str, object], str]] = [
            ({"purpose": "cure"}, "There is no purpose 'cure'. Did you mean 'care'?"),
            ({"purpose": "billing"}, "rests on contract, and needs no consent"),
            ({"given_at": clock.now + timedelta(days=1)}, "in the future"),
            ({"expires_at": clock.now}, "end before it was given"),
            ({"person": session.create(Order, customer=kim)}, "are no persons"),
        ]
        for values, words in wrong:
            given = {"person": kim, "purpose": "care", **values}
            with pytest.raises(Refused, match=words):
                session.consents.give(given.pop("person"), str(given.pop("purpose")), **given)  # type: ignore[arg-type]
        consent = session.consents.give(kim, "care")
        with pytest.raises(Refused, match="stays as it was given"):
            session.update(consent, purpose="marketing")


def test_values_whose_ground_is_gone_are_listed(spa: CRM) -> None:
    """After a withdrawal, the officer sees which values rest on nothing; nothing is emptied by itself."""
    with spa.session(actor="admin") as session:
        session.create(User, name="Olga", external_id="olga", roles=["privacy_officer"])
        session.create(User, name="Vic", external_id="vic", roles=["viewer"])
        kim = session.get(Customer, 1)
        session.consents.give(kim, "care")
        kim = session.update(kim, allergies="nuts", insurance="AOK")
        treatment = session.create(Treatment, customer=kim, name="Massage", finding="tense")
        session.create(Contact, name="Nobody")
    with spa.session(actor="olga", readonly=True) as session:
        assert list(session.consents.ungrounded()) == []
    with spa.session(actor="admin") as session:
        session.consents.withdraw(session.get(Customer, 1), "care")
    with spa.session(actor="olga", readonly=True) as session:
        persons = (kim.ref,)
        assert list(session.consents.ungrounded()) == [
            Ungrounded(record=kim.ref, persons=persons, fields=("allergies",)),
            Ungrounded(record=treatment.ref, persons=persons, fields=("finding",)),
        ]
    with spa.session(actor="vic") as session, pytest.raises(AccessDeniedError):
        list(session.consents.ungrounded())


@pytest.mark.row("M1")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_only_who_may_change_a_person_records_its_consent(spa: CRM) -> None:
    """A consent is a part of the person: who may not change or see it records, withdraws and asks for none."""
    with spa.session(actor="admin") as session:
        session.create(User, name="Vic", external_id="vic", roles=["viewer"])
        session.create(User, name="Nil", external_id="nil")
        session.consents.give(session.get(Customer, 1), "care")
    kim = None
    with spa.session(actor="vic") as session:
        kim = session.get(Customer, 1)
        assert session.consents.holds(kim, "care")
        with pytest.raises(AccessDeniedError):
            session.consents.give(kim, "marketing")
        with pytest.raises(AccessDeniedError):
            session.consents.withdraw(kim, "care")
    with spa.session(actor="nil") as session:
        with pytest.raises(NotFoundError):
            session.consents.holds(kim, "care")
        with pytest.raises((AccessDeniedError, NotFoundError, Refused)):
            session.consents.give(kim, "marketing")


def test_merged_persons_keep_what_either_agreed_to(spa: CRM) -> None:
    """The consents of a merged person go along, and what rests on them with it."""
    with spa.session(actor="admin") as session:
        kim = session.get(Customer, 1)
        double = session.create(Customer, name="Kimm")
        session.consents.give(double, "care")
        session.update(double, allergies="nuts")
        kim = session.merge(kim, session.get(Customer, double.id))
        assert new(kim).allergies == "nuts"
        assert session.consents.holds(kim, "care")


def test_an_erasure_keeps_that_there_was_a_consent(spa: CRM) -> None:
    """What was agreed to when stays as proof; how it is known goes with the person."""
    with spa.session(actor="admin") as session:
        kim = session.get(Customer, 1)
        session.consents.give(kim, "care", source="phone", evidence="Kim said yes to Ann")
        session.erase(kim, reason="asked")
        (consent,) = session.consents.of(session.get(Customer, 1))
        assert (new(consent).purpose, new(consent).source, new(consent).evidence) == ("care", "phone", None)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_sensitive_field_without_a_purpose_is_not_loaded(make_crm: CRMFactory) -> None:
    """A plugin says what each sensitive field is kept for, of fields that there are, and not twice otherwise."""
    with pytest.raises(DeclarationError, match=r"customer\.allergies.*no purpose names it"):
        make_crm([make_plugin("spa", Health)], upgrade=False)
    wrong = Purpose(name="care", basis="consent", fields=("customer.alergies",))
    with pytest.raises(DeclarationError, match=r"'customer\.alergies'\. Did you mean 'customer\.allergies'"):
        make_crm([make_plugin("spa", Health, *PURPOSES[1:2], wrong)], upgrade=False)
    other = Purpose(name="marketing", basis="contract")
    with pytest.raises(ClashError, match="marketing"):
        make_crm([make_plugin("spa", other)], upgrade=False)
