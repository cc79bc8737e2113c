"""Opening sessions: connecting, knowing the actor, and refusing a database that doesn't match the plugins."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, OperationalError

from crmkit.core.lifecycle.conditions import check_conditions
from crmkit.core.lifecycle.custom_fields.fitted import Fitted, fit
from crmkit.core.lifecycle.homezone import day_of
from crmkit.core.lifecycle.session import Session
from crmkit.core.lifecycle.unit import Unit, begin
from crmkit.core.reading.held_roles import held_roles, role_names, this_day
from crmkit.core.reading.permission import SYSTEM, Principal, System
from crmkit.core.reading.sharing import moment, shared_entities
from crmkit.core.storage.engine import check_prepared
from crmkit.core.storage.plugin_ledger import differences
from crmkit.core.storage.system.generations import current_generation
from crmkit.errors import ConnectionFailed, FieldsMovedError, UnknownActorError, UpgradeNeeded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.app import CRM
    from crmkit.core.assemble.model import Model
    from crmkit.core.declare.records import Record

RETRYABLE_STATES = frozenset({"40001", "40P01", "55P03"})
RETRYABLE_WORDS = ("database is locked", "database table is locked")


def open_session(
    crm: CRM, *, actor: str | Record | System, connection: sa.Connection | None, readonly: bool, reason: str = ""
) -> Session:
    """Open a session of a CRM."""
    if not crm.is_checked:
        crm.place.check_open()
    if connection is not None:
        check_prepared(connection.engine)
        crm.place.check_connection(connection)
        opened = connection
    else:
        with crm.place.explaining(), connecting(crm.engine):
            opened = begin(crm.engine, readonly=readonly)
    try:
        with crm.place.explaining(), connecting(crm.engine):
            check_facts(crm, opened)
            user = acting(crm, opened, actor)
            fitted = notice(crm, opened, user.generation)
    except BaseException:
        if connection is None:
            opened.close()
        raise
    unit = Unit(opened, crm.clock, crm.ids, crm.statistics, is_hosted=connection is not None, is_readonly=readonly)
    if fitted is not crm.declared:
        unit.before_writing = partial(fitted.check_unmoved, opened)
    unit.reason = reason
    return Session(fitted.model, fitted.tables, unit, principal_of(crm, fitted, user), fitted.statements(opened))


def check_facts(crm: CRM, connection: sa.Connection) -> None:
    """Refuse a database that was made for other plugins; asked once per CRM.

    Raises:
        UpgradeNeeded: saying what differs.
    """
    if not crm.is_checked:
        check_conditions(crm.model)
        found = differences(connection, crm.model, crm.tables)
        if found:
            raise UpgradeNeeded(changes=tuple(found), tenant=crm.place.tenant)
        crm.is_checked = True


def notice(crm: CRM, connection: sa.Connection, generation: int) -> Fitted:
    """Return the Model with the custom fields of the database, read anew if anything has changed since.

    Raises:
        UpgradeNeeded: if the database no longer matches the plugins.
        TenantError: if it is a tenant's, and the tenant is no longer there or open.
    """
    known = crm.fitted
    if known is None or known[0] != generation:
        if known is not None:
            crm.is_checked = False
        crm.place.check_open(connection)
        check_facts(crm, connection)
        known = crm.fitted = generation, fit(crm.declared, connection)
    return known[1]


def current_model(crm: CRM) -> Model:
    """Return the Model as sessions that are opened now work with it: with the custom fields of the database.

    Raises:
        UpgradeNeeded: if the database does not match the plugins.
        ConnectionFailed: if the database can't be reached.
    """
    with open_session(crm, actor=SYSTEM, connection=None, readonly=True) as session:
        return session.model


def acting(crm: CRM, connection: sa.Connection, actor: str | Record | System) -> sa.Row[Any]:
    """Return what the database says of who acts, with its generation, which is read along.

    Raises:
        UnknownActorError: if the user doesn't exist or is not active.
    """
    if isinstance(actor, System):
        none = [sa.null().label(name) for name in ("id", "name", "team_id", "roles", "shared")]
        generation = current_generation(crm.tables.system.generation).label("generation")
        return cast("sa.Row[Any]", connection.execute(sa.select(*none, generation)).one())
    column = "external_id" if isinstance(actor, str) else "id"
    plans = crm.declared.statements(connection).plans
    query = plans.get(("actor", column), lambda: actor_query(crm, column))
    row = connection.execute(query, {"actor": actor if isinstance(actor, str) else actor.id}).first()
    if row is None:
        raise UnknownActorError(actor=actor if isinstance(actor, str) else str(actor.ref))
    return cast("sa.Row[Any]", row)


def principal_of(crm: CRM, fitted: Fitted, user: sa.Row[Any]) -> Principal:
    """Return who acts."""
    if user.id is None:
        return Principal(model=fitted.model, tables=fitted.tables, user=None, name=repr(SYSTEM), reaches_all=True)
    return Principal(
        model=fitted.model,
        tables=fitted.tables,
        user=user.id,
        name=user.name,
        team=user.team_id,
        roles=role_names(user.roles),
        shared=frozenset(user.shared.split(",") if user.shared else ()),
        clock=crm.clock,
    )


def actor_query(crm: CRM, column: str) -> sa.Select[*tuple[object, ...]]:
    """Return the query for an active user, with the database's generation and of what entities records are shared."""
    users = crm.tables["user"]
    generation = current_generation(crm.tables.system.generation).label("generation")
    shared = shared_entities(crm.tables, users, moment(crm.clock)).label("shared")
    today = this_day(lambda: day_of(crm.clock(), crm.model.conventions.time_zone))
    roles = held_roles(crm.model, crm.tables, users, today).label("roles")
    found = sa.select(users.c.id, users.c.name, users.c.team_id, roles, generation, shared)
    wanted = users.c[column] == sa.bindparam("actor", type_=users.c[column].type)
    return found.where(wanted, users.c.deleted_at.is_(None), users.c.active.is_(sa.true()))


@contextmanager
def connecting(engine: sa.Engine) -> Iterator[None]:
    """Turn a failed connection into a clear error.

    Raises:
        ConnectionFailed: naming the database without its password.
    """
    try:
        yield
    except OperationalError as error:
        url = engine.url.render_as_string(hide_password=True)
        raise ConnectionFailed(url=url, problem=str(error.orig).strip()) from error


def is_retryable(error: BaseException) -> bool:
    """Return whether a transaction failed only because others ran at the same time."""
    if isinstance(error, FieldsMovedError):
        return True
    cause = error if isinstance(error, DBAPIError) else error.__cause__
    if not isinstance(cause, DBAPIError):
        return False
    state = getattr(cause.orig, "sqlstate", None)
    return state in RETRYABLE_STATES or any(words in str(cause.orig) for words in RETRYABLE_WORDS)
