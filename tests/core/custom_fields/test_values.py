"""Values of custom fields: written and read like those of declared fields, whatever they hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import CRM, SYSTEM, Customer, Opportunity, User
from crmkit.errors import FieldHidden, FilterError, Refused
from tests.core.custom_fields.definitions import VALUES, define, define_all, values

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crmkit import Session
    from crmkit.testing.fixtures import CRMFactory


@pytest.mark.row("B1")
def test_every_kind_comes_back_as_it_was(crm: CRM) -> None:
    """Written alone or with many, changed, emptied and read: the value is the one that a declared field would have."""
    define_all(crm)
    with crm.session(actor="admin") as session:
        entity = session.model.entity(Customer)
        wanted = [
            {name: entity.fields[name].kind.parse(value, crm.conventions) for name, value in values(at).items()}
            for at in (0, 1)
        ]
        low = session.create(Customer, name="Low", **values(0))
        high, empty = session.create_many(Customer, [{"name": "High", **values(1)}, {"name": "Empty"}])
    with crm.session(actor="admin") as session:
        for record, expected in ((low, wanted[0]), (high, wanted[1]), (empty, dict.fromkeys(wanted[0]))):
            found = session.get(Customer, record.id)
            assert {name: getattr(found, name) for name in expected} == expected
            assert found == record
        changed = session.update(low, **values(1))
        assert {name: getattr(session.get(Customer, low.id), name) for name in wanted[1]} == wanted[1]
        emptied = session.update(changed, **dict.fromkeys(wanted[1]))
        assert session.get(Customer, low.id) == emptied
        table = session.tables["customer"]
        stored = session.unit.connection.execute(sa.select(table.c.extra).where(table.c.id == low.id)).scalar_one()
        assert stored is None


@pytest.mark.parametrize("kind", VALUES)
def test_every_kind_is_found_and_sorted(crm: CRM, kind: str) -> None:
    """By being equal, by having none, and in the order of its values, with none first."""
    define(crm, kind, "it")
    with crm.session(actor="admin") as session:
        for name, value in (("high", VALUES[kind][1]), ("low", VALUES[kind][0]), ("none", None)):
            session.create(Customer, name=name, it=value)
        low = session.find(Customer, {"name": "low"})[0]
        assert [each.name for each in session.find(Customer, "it is None")] == ["none"]
        if kind not in {"tags", "address", "location"}:
            assert [each.name for each in session.find(Customer, {"it": low.it})] == ["low"]
            assert [each.name for each in session.find(Customer, order="it")] == ["none", "low", "high"]
            assert [each.name for each in session.find(Customer, order="-it")] == ["high", "low", "none"]
            groups = session.aggregate(Customer, by=["it"], measures={"n": "count()"})
            assert (groups[0], len(groups)) == ((None, 1), 3)
        opportunity = session.create(Opportunity, name="Deal", customer=low)
        assert list(session.rows(Opportunity, ["customer.it"])) == [(low.it,)]
        session.get(Opportunity, opportunity.id, include=["customer"])
        assert session.get(Customer, low.id) == low


def test_history_and_audit_read_as_those_of_any_field(crm: CRM) -> None:
    """Old and new values, by the field's name, in JSON; the timeline, too."""
    define(crm, "date", "founded")
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", founded="1999-12-31")
        acme = session.update(acme, founded="2000-01-01")
        entry = session.history(acme)[0]
        assert (entry.old, entry.new) == ({"founded": "1999-12-31"}, {"founded": "2000-01-01"})
        assert session.timeline(acme)[0].new == {"founded": "2000-01-01"}
        assert list(session.audit.entries(entity="customer"))[-1].new == {"founded": "2000-01-01"}
        assert session.update(acme, founded="2000-01-01").version == acme.version


def questions(session: Session, name: str) -> list[str]:
    """Return what the errors say to everything that can be asked of a field, without its name and without hints."""
    asked: list[Callable[[], object]] = [
        lambda: session.find(Customer, f"{name} == 'cold'"),
        lambda: session.find(Customer, f"{name} is None"),
        lambda: session.find(Customer, order=name),
        lambda: session.rows(Customer, [name]),
        lambda: session.aggregate(Customer, by=[name], measures={"n": "count()"}),
        lambda: session.aggregate(Customer, measures={"n": f"max({name})"}),
    ]
    told = []
    for ask in asked:
        with pytest.raises(FilterError) as caught:
            ask()
        told.append(str(caught.value).replace(name, "it").split("Did you")[0].split("There are")[0])
    return told


@pytest.mark.row("M1", "B18")
@pytest.mark.parametrize(("privacy", "role"), [("sensitive", "director"), ("secret", "admin")])
def test_a_hidden_custom_field_tells_nothing(crm: CRM, privacy: str, role: str) -> None:
    """It can't be read, written, filtered, sorted, grouped, searched or seen in history; the errors are the same."""
    define(crm, "text", "diagnosis", privacy=privacy, searched=privacy != "secret")
    with crm.session(actor=SYSTEM) as session:
        session.create(User, name="ann", external_id="ann", roles=[role])
        acme = session.create(Customer, name="Acme", diagnosis="flu")
        session.update(acme, diagnosis="cold")
    with crm.session(actor="ann") as session:
        acme = session.get(Customer, acme.id)
        with pytest.raises(FieldHidden):
            acme.diagnosis  # noqa: B018  (reading it is the test)
        assert questions(session, "diagnosis") == questions(session, "diagnosys")
        assert not session.find(Customer, search="cold")
        assert all("diagnosis" not in {**entry.old, **entry.new} for entry in session.history(acme))
        assert all("diagnosis" not in entry.new for entry in session.timeline(acme))
        assert session.update(acme, city="Paris").city == "Paris"
    if privacy == "sensitive":
        with crm.session(actor="ann") as session, pytest.raises(Refused, match="no such field"):
            session.update(session.get(Customer, acme.id), diagnosis="x")
    with crm.session(actor=SYSTEM) as session:
        kept = session.get(Customer, acme.id)
        assert (session.secret(kept, "diagnosis") if privacy == "secret" else kept.diagnosis) == "cold"


def test_values_are_plain_json_by_the_names_of_columns(crm: CRM) -> None:
    """What other programs read with `extra ->> 'name'` is the same on both databases."""
    define_all(crm)
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", **values(1))
        table = session.tables["customer"]
        text = session.unit.connection.execute(sa.select(table.c.extra).where(table.c.id == acme.id)).scalar_one()
        found = json.loads(text)
        assert (found["my_integer"], found["my_decimal"]) == (2**63 - 1, 9000000000000000007)
        assert (found["my_boolean"], found["my_date"]) == (True, "9999-12-31")
        assert (found["my_money"], found["my_money_currency"]) == (123456789012300, "EUR")
        assert text == json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def test_a_backup_brings_fields_and_values_to_the_other_database(
    crm: CRM, make_crm: CRMFactory, tmp_path: Path
) -> None:
    """Restored on either kind of database, records are equal, and so are the fingerprints."""
    define_all(crm)
    with crm.session(actor="admin") as session:
        acme = session.create(Customer, name="Acme", **values(0))
        acme = session.update(acme, my_text="other", my_tags=None)
    before = crm.fingerprint()
    crm.backup(tmp_path / "crm.backup")
    other = CRM(f"sqlite:///{tmp_path / 'restored.db'}", clock=crm.clock)
    targets = [other, make_crm(on=make_crm.database(), upgrade=False)]
    for target in targets:
        target.restore(tmp_path / "crm.backup")
        assert target.fingerprint() == before
        with target.session(actor="admin") as session:
            assert session.get(Customer, acme.id) == acme
            assert session.update(session.get(Customer, acme.id), my_text=None).my_text is None
    other.close()


def test_merging_keeps_values(crm: CRM) -> None:
    """What the survivor lacks comes from the other record, and goes back when they are taken apart."""
    define(crm, "text", "nickname")
    with crm.session(actor="admin") as session:
        acme, beta = session.create_many(Customer, [{"name": "Acme"}, {"name": "Acme Ltd", "nickname": "Ace"}])
        merged = session.merge(acme, beta)
        assert merged.nickname == "Ace"


def test_the_others_stay_out_of_the_way(crm: CRM) -> None:
    """An entity without custom fields is written as before; one with them in `extra` alone, and its columns stay."""
    define(crm, "integer", "shoe_size")
    with crm.session(actor="admin") as session:
        session.create(Customer, name="Acme", shoe_size=1)
        assert session.statements.of(session.model.entity(Opportunity)).insert_all.count("extra") == 0
        names = {
            each["name"] for each in sa.inspect(session.unit.connection).get_columns("crm_customer", crm.tables.schema)
        }
        assert "shoe_size" not in names
