"""The writing matrix: every command that writes × every entity × every role, generated from the Model."""

from __future__ import annotations

import inspect
import itertools
from functools import partial
from typing import TYPE_CHECKING

import pytest
from attrs import define, field

from crmkit import Grant, Role, Team, User
from crmkit.core.assemble.rights import action_on_whole
from crmkit.core.declare.access import LEVELS
from crmkit.core.declare.kinds import AnyRefKind, ChoiceKind, DateKind, EmailKind, RefKind
from crmkit.core.lifecycle.session import Session
from crmkit.errors import AccessDeniedError, CommandError, NotFoundError, Refused
from crmkit.testing.plugins import make_plugin
from crmkit.testing.refusing import WRITING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crmkit import CRM, EntityModel, FieldModel, Record
    from crmkit.core.declare.access import Action
    from crmkit.testing.fixtures import CRMFactory

NOT_WRITING = {
    "audit",
    "caution",
    "content",
    "get",
    "by_id",
    "readable_ids",
    "reader_for",
    "find",
    "notices",
    "seen_by",
    "rows",
    "count",
    "aggregate",
    "related",
    "ancestors",
    "trace",
    "history",
    "timeline",
    "profile",
    "lookup",
    "lookups",
    "report",
    "setting",
    "shares",
    "merges",
    "by_external_id",
    "erasure_plan",
    "explain",
    "make",
    "serialise",
}
RULED = {"currency", "role", "entity", "system", "address", "purpose", "time_zone", "hours"}
"""Texts that have a form."""
MOVERS = Role(name="movers", grants=(Grant(entity="*", read="all", move="all", share="all", transfer="all"),))
WRITERS = Role(name="writers", grants=(Grant(entity="*", read="own", create="own", update="own"),))
PARTICULAR = {
    ("webhook", "url"): "https://example.org/hook",
    ("webhook", "events"): ["*"],
    ("webhook", "secret"): "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}
"""Values of fields that take no others."""


@define
class World:
    """A CRM with records of every entity that belong to Ann (`own`) or to nobody near her (`foreign`)."""

    crm: CRM
    own: dict[str, Record] = field(factory=dict)
    foreign: dict[str, Record] = field(factory=dict)
    deleted: dict[str, Record] = field(factory=dict)
    numbers: Iterator[int] = field(factory=lambda: itertools.count(1))

    def values(self, session: Session, entity: EntityModel, owner: object) -> dict[str, object]:
        """Return values for all required fields of a record, and its owner."""
        found = {
            name: PARTICULAR.get((entity.name, name)) or self.value(session, each, owner)
            for name, each in entity.writable.items()
            if each.declared.required and each.declared.default is None
        }
        if entity.owner is not None:
            found[entity.owner] = owner
        return found

    def value(self, session: Session, each: FieldModel, owner: object) -> object:
        """Return a value for a field; for a reference, a new record of the same owner."""
        number = next(self.numbers)
        if isinstance(each.kind, (RefKind, AnyRefKind)):
            target = each.target or next(iter(each.kind.targets), "customer")  # type: ignore[union-attr]
            return owner if target == "user" else self.new(session, session.model.entities[target], owner)
        if isinstance(each.kind, ChoiceKind):
            return each.kind.choices[0].name
        if isinstance(each.kind, EmailKind) or each.name == "address":
            return f"x{number}@example.org"
        if isinstance(each.kind, DateKind):
            return f"2026-01-{number % 28 + 1:02}"
        if each.name in {"purpose", "currency"}:
            return (
                "marketing"
                if each.name == "purpose"
                else ("USD", "GBP", "JPY", "CHF", "SEK", "NOK", "DKK", "PLN")[number % 8]
            )
        return number if each.kind.name in {"integer", "decimal", "percent"} else f"x{number}"

    def new(self, session: Session, entity: EntityModel, owner: object) -> Record:
        """Create a record."""
        return session.create_many(entity.record_class, [self.values(session, entity, owner)])[0]


@pytest.fixture
def world(make_crm: CRMFactory) -> World:
    """Records of every entity, by Ann and by Cid, whose teams and managers have nothing to do with each other."""
    crm = make_crm(["sales", make_plugin("matrix", MOVERS, WRITERS)], settings={"multi_customer_contacts": True})
    made = World(crm)
    with crm.session(actor="admin") as session:
        teams = [session.create(Team, name=name) for name in ("North", "South")]
        users = {
            name: session.create(User, name=name, external_id=name, roles=["admin"], team=team)
            for name, team in zip(("ann", "cid"), teams, strict=True)
        }
    for name, records in (("ann", made.own), ("cid", made.foreign)):
        with crm.session(actor=name) as session:
            for entity in session.model.entities.values():
                records[entity.name] = made.new(session, entity, users[name])
    with crm.session(actor="cid") as session:
        for entity in session.model.entities.values():
            gone = made.deleted[entity.name] = made.new(session, entity, users["cid"])
            session.delete(gone)
    made.own["user"], made.foreign["user"] = users["ann"], users["cid"]
    made.own["team"], made.foreign["team"] = teams[0], teams[1]
    return made


def changed(entity: EntityModel, record: Record) -> dict[str, object]:
    """Return a change of a record that no rule minds."""
    for name, each in entity.writable.items():
        if each.kind.name == "text" and not each.declared.unique and name not in RULED:
            return {name: f"changed {record.version}"}
    return {}


COMMANDS: dict[str, Action] = {
    "update": "update",
    "update_many": "update",
    "delete": "delete",
    "delete_many": "delete",
    "move": "move",
    "move_many": "move",
    "link": "update",
    "share": "share",
    "unshare": "share",
    "transfer": "transfer",
}
"""The commands about a record, each with what the actor must be allowed to do with it."""
ELSEWHERE = {
    "create",
    "create_many",
    "restore",
    "emit",
    "merge",
    "unmerge",
    "set_external_id",
    "enqueue",
    "erase",
    "disclose",
    "secret",
    "notify",
    "notify_many",
    "mark_read",
}
"""Commands with tests of their own: those of merging stand in tests/core/merging."""


def act(session: Session, world: World, command: str, entity: EntityModel, record: Record) -> None:
    """Do a command to a record."""
    ann, cid = world.own["user"], world.foreign["user"]
    match command:
        case "update":
            session.update(record, **changed(entity, record))  # type: ignore[arg-type]
        case "update_many":
            session.update_many([(record, changed(entity, record))])
        case "delete":
            session.delete(record)
        case "delete_many":
            session.delete_many([record])
        case "move" | "move_many":
            stage = session.model.pipelines_of(entity.name)[0].stages[1].name
            getattr(session, command)(record if command == "move" else [record], stage)
        case "link":
            session.link(record, "became", record)
        case "share":
            session.share(record, ann)
        case "unshare":
            session.unshare(record, ann)
        case "transfer":
            session.transfer(record, cid if record is world.own[entity.name] else ann)


def reached(world: World, role: str, entity: EntityModel, action: Action, *, own: bool) -> bool:
    """Return whether a role may do something with a record, by its grants read naively."""
    rights = world.crm.model.rights((role,))
    while entity.whole is not None:
        action = action_on_whole(action)
        kind = entity.whole.kind
        name = next(iter(kind.targets), "customer") if isinstance(kind, AnyRefKind) else str(entity.whole.target)
        entity = world.crm.model.entities[name]
    enough = {"all", "team", "tree", "agency"} if entity.name == "team" else set(LEVELS)
    wanted = enough - {"none"} if own else {"all"}
    return bool(rights.levels(entity, "read") & wanted and rights.levels(entity, action) & wanted)


def applies(entity: EntityModel, command: str, record: Record) -> bool:
    """Return whether a command means something for an entity."""
    if command in {"move", "move_many"}:
        return entity.staged
    if command in {"share", "unshare"}:
        return entity.whole is None
    if command == "transfer":
        return entity.owner is not None and entity.whole is None
    return command not in {"update", "update_many"} or bool(changed(entity, record))


def test_every_command_is_in_the_matrix() -> None:
    """A public method of a session is known to read, or stands in the matrix; a new one must be put into either."""
    methods = {name for name, _ in inspect.getmembers(Session, inspect.isfunction) if not name.startswith("_")}
    assert methods - NOT_WRITING == set(WRITING) == {*COMMANDS, *ELSEWHERE}


def become(world: World, role: str) -> None:
    """Give Ann this role and no other."""
    with world.crm.session(actor="admin") as session:
        world.own["user"] = session.update(session.get(User, world.own["user"].id), roles=[role])


@pytest.mark.row("M1")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_every_role_writes_what_it_may_and_nothing_else(world: World) -> None:
    """Each role does each command to own and foreign records of each entity as its grants say."""
    model = world.crm.model
    outcomes = {True: 0, False: 0}
    for role in model.roles:
        become(world, role)
        for entity, command, own in itertools.product(model.entities.values(), COMMANDS, (True, False)):
            record = (world.own if own else world.foreign)[entity.name]
            if not applies(entity, command, record) or (entity.name, COMMANDS[command]) == ("team", "delete"):
                continue
            allowed = reached(world, role, entity, COMMANDS[command], own=own)
            doing = partial(act, world=world, command=command, entity=entity, record=record)
            check(world, doing, f"{role} {command} {entity.name} {own=}", allowed=allowed)
            outcomes[allowed] += 1
    assert min(outcomes.values()) > 100


@pytest.mark.row("M1")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_every_role_creates_and_restores_what_it_may_and_nothing_else(world: World) -> None:
    """Each role creates own records of each entity, and restores foreign ones, as its grants say."""
    model = world.crm.model
    for role in model.roles:
        become(world, role)
        rights = model.rights((role,))
        for entity in model.entities.values():
            if entity.whole is None:
                with world.crm.session(actor="admin") as session:
                    values = world.values(session, entity, world.own["user"])
                locked = rights.locked(entity)
                values = {name: value for name, value in values.items() if name not in locked}
                may = bool(rights.levels(entity, "create")) and not locked & set(entity.required)
                if all(is_seen(world, role, values[name]) for name in entity.references if name in values):
                    doing = partial(create, entity=entity, values=values)
                    check(world, doing, f"{role} create {entity.name}", allowed=may)
            allowed = reached(world, role, entity, "delete", own=False)
            doing = partial(restore, entity=entity, number=world.deleted[entity.name].id)
            check(world, doing, f"{role} restore {entity.name}", allowed=allowed)


def create(session: Session, entity: EntityModel, values: dict[str, object]) -> None:
    """Create a record."""
    session.create_many(entity.record_class, [values])


def restore(session: Session, entity: EntityModel, number: int) -> None:
    """Restore a record."""
    session.restore(entity.record_class, number)


def is_seen(world: World, role: str, value: object) -> bool:
    """Return whether a record that belongs to Ann is seen by a role."""
    name = world.crm.model.entity(value).name  # type: ignore[arg-type]
    return bool(world.crm.model.rights((role,)).levels(world.crm.model.entities[name], "read"))


def check(world: World, doing: Callable[[Session], None], what: str, *, allowed: bool) -> None:
    """Run a command as Ann and take it back: it is done, or it is refused for want of permission."""
    session = world.crm.session(actor="ann")
    try:
        if allowed:
            doing(session)
            return
        with pytest.raises(CommandError) as caught:  # that it changed nothing, the root conftest sees to
            doing(session)
        assert isinstance(caught.value, (AccessDeniedError, NotFoundError, Refused)), what
    except BaseException as error:
        error.add_note(what)
        raise
    finally:
        session.unit.finish(failed=True)
