"""Nothing of one tenant is ever seen in another: every entity, every way to read, every report, made from the Model."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Customer, Session, User
from crmkit.core.declare.kinds import AnyRefKind, RefKind
from crmkit.core.tenants.places import TenantPlace
from crmkit.errors import Refused
from crmkit.testing.factories import made_up
from crmkit.testing.refusing import WRITING
from tests.core.tenants.asking import NOT_ASKED, OF_ALL, OF_ENTITY, OF_RECORD, answers

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit import CRM, EntityModel, FieldModel, Record
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.thorough
SIZES = {"home": 1, "acme": 2, "bold": 3}
"""How many records of each entity everybody has, so that numbers differ, too."""

FITTING: dict[str, dict[str, object]] = {
    "notice": {"recipient": None, "sentence": None},
    "notice_preference": {"user": None},
    "consent": {"purpose": "marketing", "expires_at": None, "withdrawn_at": None},
    "webhook": {"events": ["*"], "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "old_secret": None},
    "custom_field": {"kind": "text"} | dict.fromkeys(("choices", "decimals", "minimum", "maximum", "default")),
}
"""Values that must fit each other, by entity."""


def canary(who: str) -> str:
    """Return what is written into everything that belongs to somebody."""
    return f"canary{who}"


def sung(who: str, each: FieldModel, number: int) -> list[object]:
    """Return values with a canary for a field, the one that fits best first; none if it can hold none."""
    text, name = f"{canary(who)} {each.name} {number}", f"{canary(who)}{number}"
    found: dict[str, list[object]] = {
        "text": [text, name, f"{name}@company.example", f"+3314020000{number}", ("USD", "GBP", "JPY")[number % 3]],
        "long_text": [text],
        "tags": [(canary(who), f"tag {number}")],
        "email": [f"{name}@company.example"],
        "url": [f"https://{name}.example/"],
        "json": [{"is": text}],
    }
    return found.get(each.kind.name, [])


def near(session: Session, each: FieldModel) -> list[object]:
    """Return the record that a reference can point to: the latest of its sort."""
    targets = [each.target] if each.target else getattr(each.kind, "targets", ()) or ("customer",)
    found = session.find(session.model.entities[targets[0]].declared.declared, limit=1, order="-id")
    return [record.ref for record in found]


def plant(session: Session, entity: EntityModel, who: str, number: int) -> Record:
    """Create a record with a value in every field that its rules let in, canaries wherever they fit."""
    fields = {name: each for name, each in entity.writable.items() if each.declared.default is None}
    choices = {
        name: near(session, each) if isinstance(each.kind, (RefKind, AnyRefKind)) else sung(who, each, number)
        for name, each in fields.items()
    }
    choices |= {name: [value] for name, value in FITTING.get(entity.name, {}).items()}
    while True:
        given = {name: left[0] for name, left in choices.items() if left}
        try:
            return session.create(
                entity.declared.declared, **made_up(session, entity, given, number=number, everything=True)
            )
        except Refused as refused:
            wrong = {each.path.partition(".")[0] for each in refused.refusals}
            if all(choices.get(name, [None]) == [None] for name in wrong):
                raise
            for name in wrong:
                choices[name] = choices.get(name, [])[1:] or [None]


def settle(crm: CRM, who: str) -> None:
    """Fill a CRM with records of every entity, changed, moved, shared, linked and merged."""
    with crm.session(actor=SYSTEM) as session:
        session.create(User, name=canary(who), external_id=who, roles=["admin"])
    for number in range(1, SIZES[who] + 1):
        with crm.session(actor=who) as session:
            made = [plant(session, entity, who, number) for entity in session.model.entities.values()]
        with crm.session(actor=who) as session:
            user = session.find(User, {"external_id": who})[0]
            for each in made:
                if each.ref.entity == "customer":
                    session.share(each, user)
                    session.link(each, "about", user)
                    double = plant(session, session.model.entity(each), who, number + 10)
                    session.merge(session.get(Customer, each.id), double)


def raw(crm: CRM, path: Path) -> str:
    """Return all rows of all tables, as a backup holds them, and on SQLite the bytes of a tenant's file."""
    crm.backup(path)
    with zipfile.ZipFile(path) as archive:
        rows = "\n".join(archive.read(each).decode() for each in archive.namelist())
    if isinstance(crm.place, TenantPlace) and crm.engine.dialect.name == "sqlite":
        crm.close()
        return rows + crm.place.file.read_bytes().decode("latin-1")
    return rows


def world(make_crm: CRMFactory, *tenants: str) -> dict[str, CRM]:
    """Return a CRM with tenants, by name, all of them filled."""
    home = make_crm(["sales"], settings={"multi_customer_contacts": True})
    made = {"home": home} | {name: home.tenants.create(name) for name in tenants}
    for who, crm in made.items():
        if who != "home" or len(tenants) > 1:
            settle(crm, who)
    return made


@pytest.mark.row("M15")
def test_nothing_of_others_is_seen(make_crm: CRMFactory, tmp_path: Path) -> None:
    """Whatever is asked, for whichever entity: one's own canaries are there, and nobody else's."""
    made = world(make_crm, "acme", "bold")
    for who, crm in made.items():
        told = answers(crm, who) | {"raw": raw(crm, tmp_path / f"{who}.zip")}
        others = [canary(each) for each in made if each != who]
        assert {place: text for place, text in told.items() if any(each in text for each in others)} == {}
        full = [each for each in crm.model.entities if canary(who) in told[f"{each}.find"]]
        assert len(full) > len(crm.model.entities) / 2, full
        assert all(
            canary(who) in told[each] for each in ("audit", "raw", "customer.find.search", "customer.reader_for.export")
        )
    with made["acme"].session(actor="acme") as mine, made["bold"].session(actor="bold") as theirs:
        for entity in made["home"].model.entities.values():
            sort = entity.declared.declared
            assert {each.id for each in mine.find(sort)} & {each.id for each in theirs.find(sort)}, entity.name
    led_astray = made["acme"].at(made["bold"].place)
    assert canary("bold") in answers(led_astray, "bold")["customer.find"]


@pytest.mark.row("M15")
def test_nothing_that_others_do_makes_a_difference(make_crm: CRMFactory) -> None:
    """All that a tenant is told, numbers, order and refusals included, is as if there were no other."""
    crowded = world(make_crm, "acme", "bold")
    alone = world(make_crm, "acme")
    assert answers(crowded["acme"], "acme") == answers(alone["acme"], "acme")


def test_every_way_to_read_is_asked() -> None:
    """A command of the session either writes, or is asked, or has no answer that could leak."""
    asked = {name.partition(".")[0] for name in (*OF_ALL, *OF_ENTITY, *OF_RECORD)}
    commands = {name for name in dir(Session) if not name.startswith("_")}
    assert commands - {*WRITING} - asked == {*NOT_ASKED}
    assert asked <= commands
