"""A CRM with the plugin, people in it, and pools for them."""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from crmkit import Team, User
from crmkit_workflow.pools.entities import Pool, PoolExtension, PoolMember, PoolRule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from crmkit import CRM, Record, Session
    from crmkit.testing.fixtures import CRMFactory


@pytest.fixture
def crm(make_crm: CRMFactory) -> CRM:
    """A CRM with the plugin, as installed."""
    return make_crm(["workflow"])


@pytest.fixture
def people(crm: CRM) -> dict[str, User]:
    """Ann, Bob and Cem, who sell, and Mia, who manages them, of the team North; Zoe, who sells for South."""
    with crm.session(actor="admin") as session:
        return make_people(session)


def make_people(session: Session) -> dict[str, User]:
    """Create the people."""
    north, south = session.create(Team, name="North"), session.create(Team, name="South")
    roles = {"ann": north, "bob": north, "cem": north, "mia": north, "zoe": south}
    return {
        name: session.create(
            User,
            name=name.title(),
            external_id=name,
            team=team,
            roles=["manager" if name == "mia" else "member"],
        )
        for name, team in roles.items()
    }


@pytest.fixture
def hire() -> Callable[[Session], dict[str, User]]:
    """Creates the people in a CRM of the test's own."""
    return make_people


@pytest.fixture
def make_pool() -> Callable[..., Pool]:
    """Makes pools: `make_pool(session, members, admins=, rules=, extensions=, **values)`."""
    return new_pool


def new_pool(
    session: Session,
    members: Iterable[Record],
    *,
    admins: Iterable[Record] = (),
    rules: Iterable[Mapping[str, Any]] = (),
    extensions: Mapping[str, object] | None = None,
    **values: Any,
) -> Pool:
    """Create a pool with members, administrators, rules, and extensions of the protection by kind of activity."""
    pool = session.create(Pool, **{"name": "Pool", **values})
    for each in members:
        session.create(PoolMember, pool=pool, member=each)
    for each in admins:
        session.create(PoolMember, pool=pool, member=each, is_admin=True)
    for rule in rules:
        session.create(PoolRule, pool=pool, **rule)
    for kind, extends in (extensions or {}).items():
        session.create(PoolExtension, pool=pool, activity_kind=kind, extends=extends)
    return pool


@pytest.fixture
def queries(crm: CRM) -> Callable[[], AbstractContextManager[list[str]]]:
    """Collects the queries that a `with` block executes."""

    @contextmanager
    def listening() -> Iterator[list[str]]:
        found: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if statement.startswith("SELECT"):
                found.append(statement)

        sa.event.listen(crm.engine, "before_cursor_execute", note)
        try:
            yield found
        finally:
            sa.event.remove(crm.engine, "before_cursor_execute", note)

    return listening
