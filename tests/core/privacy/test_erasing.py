"""Erasing a person: nothing personal is left in any byte of the database, and the books stay as they were."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import (
    SYSTEM,
    ChannelIdentity,
    Contact,
    Customer,
    Opportunity,
    Order,
    OrderLine,
    Record,
    Ref,
    User,
    extend,
    long_text,
    record,
    ref,
    text,
)
from crmkit.core.exchange.reverting import revert_import
from crmkit.errors import (
    AccessDeniedError,
    ConflictError,
    DeclarationError,
    MergedError,
    NotFoundError,
    Refused,
)
from crmkit.testing.plugins import make_plugin
from tests.core.privacy.erasing import bytes_of, clinic_ref, erase
from tests.core.privacy.person import SIGN, Known, Visit

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit import CRM
    from crmkit.testing.fixtures import CRMFactory

pytestmark = [pytest.mark.row("M16"), pytest.mark.thorough]
NAMES = re.compile(r"[^,\n]*(?:canary|[Ee]rased|other|Ann)[^,\n]*")


def figures(crm: CRM) -> dict[str, str]:
    """Return every report as it is for the administrator, with names left out, but for the one on empty fields."""
    found = {}
    with crm.session(actor="admin", readonly=True) as session:
        for name in session.model.reports.keys() - {"data_quality"}:
            try:
                found[name] = NAMES.sub("", session.report(name).to_csv())
            except Refused:
                continue
        measures = {"n": "count()", "sum": "sum(amount)"}
        for entity in (Opportunity, Order):
            found[f"{entity}"] = repr(session.aggregate(entity, by=["stage", "customer.type"], measures=measures))
        found["lines"] = repr(session.aggregate(OrderLine, measures={"n": "count()", "sum": "sum(price)"}))
        found["customers"] = repr(
            session.aggregate(Customer, by=["stage", "source", "city"], measures={"n": "count()"})
        )
    return found


def test_no_byte_of_a_person_is_left(clinic: CRM, known: Known) -> None:
    """After an erasure, no canary is found in the whole database, and those of the other person all are."""
    before = bytes_of(clinic)
    assert before.count(SIGN.encode()) > 50
    others = before.count(b"other remark") + before.count(b"other note")
    erase(clinic, known.ann)
    after = bytes_of(clinic)
    assert [after[max(0, each.start() - 80) : each.end() + 40] for each in re.finditer(SIGN.encode(), after)] == []
    assert after.count(b"other remark") + after.count(b"other note") == others


def test_the_books_stay_as_they_were(clinic: CRM, known: Known) -> None:
    """Amounts, days, stages, counts and the stage history are the same before and afterwards, in every report."""
    before, history = figures(clinic), stage_history(clinic)
    assert len(before) > 8
    erase(clinic, known.ann)
    assert figures(clinic) == before
    assert stage_history(clinic) == history
    with clinic.session(actor="admin") as session:
        person = session.get(Customer, known.ann)
        assert (person.name, person.email, person.city) == (f"Erased customer {known.ann}", None, "Lyon")
        (order,) = session.related(person, Order)
        assert (str(order.amount), order.description) == ("48000.00 EUR", None)
        assert [link.kind for link in session.trace(order)] == ["became"]


def stage_history(crm: CRM) -> list[tuple[object, ...]]:
    """Return the stage history."""
    with crm.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(crm.tables.system.stage_history))]


def test_everything_verifies_afterwards(clinic: CRM, known: Known) -> None:
    """The chain of seals, references, versions and stages still hold, with the end that was noted before."""
    noted = str(clinic.audit.head())
    erase(clinic, known.ann)
    assert clinic.audit.verify(noted) == []
    clinic.audit.seal()
    assert clinic.audit.verify(noted) == []


@pytest.mark.row("M2")
def test_the_audit_trail_says_who_erased_whom_and_why(clinic: CRM, known: Known) -> None:
    """The erasure is on record without a word about the person; each record says which fields were emptied."""
    erase(clinic, known.ann)
    with clinic.session(actor="olga") as session:
        officer = session.principal.user
        entries = list(session.audit.entries(action="erase"))
        (note,) = (each for each in entries if "reason" in each.new)
        assert (str(note.record), note.actor, note.new["reason"]) == (
            f"customer:{known.ann}",
            officer,
            "asked on 1 March",
        )
        assert "'opportunity': 2" in str(note.new["records"])
        assert "'email'" in str(next(each for each in entries if "fields" in each.new).new["fields"])
        assert SIGN not in repr(list(session.audit.entries()))
        about = {str(each.record).partition(":")[0] for each in session.audit.entries(action="blank")}
        assert about == {"opportunity", "order", "visit", "remark"}


def test_the_plan_says_what_would_happen_and_does_nothing(clinic: CRM, known: Known) -> None:
    """It lists what is blanked, deleted and kept, with the reasons, and is what the erasure does."""
    before = clinic.fingerprint()
    with clinic.session(actor="olga") as session:
        plan = session.erasure_plan(clinic_ref(known.ann))
    assert clinic.fingerprint() == before
    fates = {(each.entity, each.fate): each for each in plan.steps}
    assert {entity for entity, fate in fates if fate == "delete"} == {
        "org_unit",
        "assignment",
        "external_id",
        "channel_identity",
        "memo",
    }
    assert {entity for entity, fate in fates if fate == "blank"} >= {
        "opportunity",
        "order",
        "order_line",
        "visit",
        "remark",
    }
    assert {entity for entity, fate in fates if fate == "keep"} >= {"contact"}
    assert (plan.merged, plan.problems) == ((known.double,), ())
    assert fates["visit", "blank"].fields == ("note",)
    with clinic.session(actor="olga") as session:
        assert session.erase(session.get(Customer, known.ann), reason="asked") == plan


def test_what_mentions_a_person_stays(clinic: CRM, known: Known) -> None:
    """A contact of the person is a person of its own, and a memo on a visit that stays, stays."""
    erase(clinic, known.ann)
    with clinic.session(actor="admin") as session:
        names = [each.name for each in session.find(Contact, order="id")]
        assert names == ["Colleague", "Neighbour"] * 2
        memos = session.find(session.model.entities["memo"].record_class, order="id")
        assert [dict(each.items())["text"] for each in memos] == ["kept memo", "other memo", "kept memo"]


@pytest.mark.row("M1")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_only_who_has_the_right_erases(clinic: CRM, known: Known) -> None:
    """Without a role for privacy, nobody plans or erases, whatever else they may do, and nothing changes."""
    with clinic.session(actor="admin") as session:
        for role in clinic.model.roles:
            session.create(User, name=role, external_id=f"only {role}", roles=[role])
    before = clinic.fingerprint()
    for role, declared in clinic.model.roles.items():
        if declared.privacy:
            continue
        with clinic.session(actor=f"only {role}") as session:
            with pytest.raises(AccessDeniedError, match="may not erase"):
                session.erasure_plan(clinic_ref(known.ann))
            with pytest.raises(AccessDeniedError, match="may not erase"):
                session.erase(clinic_ref(known.ann), reason="asked")
    assert clinic.fingerprint() == before


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_an_erasure_wants_a_person_and_a_reason(clinic: CRM, known: Known) -> None:
    """A deal is no person, nobody is erased without a reason, and what isn't there is not found."""
    with clinic.session(actor="olga") as session:
        ann = session.get(Customer, known.ann)
        with pytest.raises(Refused, match="are no persons"):
            session.erase(session.find(Opportunity)[0], reason="asked")
        with pytest.raises(Refused, match="Say why"):
            session.erase(ann, reason=" ")
        with pytest.raises(NotFoundError):
            session.erase(clinic_ref(99_999), reason="asked")


def test_there_is_no_way_back(clinic: CRM, known: Known, tmp_path: Path) -> None:
    """A merge can't be undone, nothing can be restored, an import can't be taken back, a stale form is refused."""
    with clinic.session(actor="admin") as session:
        stale = session.get(Customer, known.ann)
        merge = session.merges(stale)[0]
        channel = session.find(ChannelIdentity, {"person": stale})[0]
    erase(clinic, known.ann)
    revert_import(clinic, 1, actor="admin")
    with clinic.session(actor="admin") as session:
        assert session.merges(session.get(Customer, known.ann)) == []
        with pytest.raises(NotFoundError):
            session.unmerge(merge)
        with pytest.raises(MergedError):
            session.restore(Customer, known.double)
        with pytest.raises(Refused, match="erased with the person"):
            session.restore(ChannelIdentity, channel.id)
        with pytest.raises(ConflictError):
            session.update(stale, description="again")
        assert session.history(session.get(Customer, known.ann))[-1].new == {}
    assert SIGN.encode() not in bytes_of(clinic)


def test_a_deleted_person_is_erased_too(clinic: CRM, known: Known) -> None:
    """Being deleted is not being forgotten: a deleted person is erased, and can't be restored then."""
    with clinic.session(actor="admin") as session:
        session.delete(session.get(Customer, known.ann))
    with clinic.session(actor="olga") as session:
        session.erase(clinic_ref(known.ann), reason="asked")
    with clinic.session(actor="admin") as session, pytest.raises(Refused, match="erased with the person"):
        session.restore(Customer, known.ann)
    assert SIGN.encode() not in bytes_of(clinic)


def test_the_id_of_a_merged_person_leads_to_the_one_to_erase(clinic: CRM, known: Known) -> None:
    """Who asks for the erasure of a record that was merged gets all of the person erased."""
    with clinic.session(actor="olga") as session:
        assert int(session.erase(clinic_ref(known.double), reason="asked").person) == known.ann
    assert SIGN.encode() not in bytes_of(clinic)


def test_erasing_twice_changes_nothing_more_that_counts(clinic: CRM, known: Known) -> None:
    """A second erasure is allowed, as somebody may have typed the person in again."""
    erase(clinic, known.ann)
    with clinic.session(actor="admin") as session:
        session.update(session.get(Customer, known.ann), description=f"{SIGN} again")
    erase(clinic, known.ann)
    assert SIGN.encode() not in bytes_of(clinic)
    assert clinic.audit.verify() == []


def test_an_entity_says_whether_it_is_about_a_person(make_crm: CRMFactory) -> None:
    """One that holds what is personal, and leads to a person, must say what the link means, or isn't loaded."""

    @record
    class Letter(Record):
        to: Ref[Customer] = ref()
        text: str = long_text(privacy="personal")

    @record
    class Parcel(Record):
        to: Ref[Customer] = ref()
        weight: str = text()

    @extend(Order)
    class Gift:
        for_whom: Ref[Contact] | None = ref()

    with pytest.raises(DeclarationError, match=re.escape("letter.to")) as caught:
        make_crm([make_plugin("post", Letter)], upgrade=False)
    assert "person='about'" in str(caught.value)
    links = make_crm([make_plugin("post", Gift)], upgrade=False).model.person_links
    assert [each.meaning for each in links if each.field.name == "for_whom"] == ["mentions"], "orders say theirs"
    model = make_crm([make_plugin("post", Parcel)], upgrade=False).model
    assert [each.meaning for each in model.person_links if each.entity.name == "parcel"] == ["about"]


def test_an_erasure_that_fails_changes_nothing(clinic: CRM, known: Known) -> None:
    """It is one transaction: what breaks at its end leaves the person as it was."""
    before = clinic.fingerprint()
    session = clinic.session(actor="olga")
    session.erase(clinic_ref(known.ann), reason="asked")
    session.unit.finish(failed=True)
    assert clinic.fingerprint() == before


def test_others_are_told_by_an_event(clinic: CRM, known: Known) -> None:
    """Every record that was emptied has an event, so that other systems forget it, too."""
    erase(clinic, known.ann)
    event = clinic.tables.system.event
    with clinic.engine.connect() as connection:
        names = set(connection.execute(sa.select(event.c.name).where(event.c.name.like("%ed"))).scalars())
    assert {"customer.erased", "channel_identity.erased", "order.blanked", "visit.blanked"} <= names


def test_a_host_may_erase_in_its_own_transaction(clinic: CRM, known: Known) -> None:
    """In a host's transaction, nothing is erased until the host commits."""
    with clinic.engine.connect() as connection:
        outer = connection.begin()
        with clinic.session(actor="olga", connection=connection) as session:
            session.erase(clinic_ref(known.ann), reason="asked")
        outer.rollback()
    with clinic.session(actor=SYSTEM) as session:
        assert SIGN in session.get(Customer, known.ann).name
        assert session.count(Visit) == 2
