"""Reads: a page of a list, one record with two others, a pipeline added up, the pipeline report.

The raw driver runs the very statements that crmkit issued, which are listened to once, and fetches their rows. Core
runs the same query written by hand, and fetches its rows. crmkit makes records of them.
"""

from __future__ import annotations

from contextlib import contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

import sqlalchemy as sa

from benchmarks.databases import ACTOR
from benchmarks.filling import MANAGER
from benchmarks.races import CORE, CRMKIT, RAW, Bar, Race
from crmkit import Opportunity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.databases import Databases, Home
    from benchmarks.races import Way
    from crmkit import Ref

R = TypeVar("R")
Issued = tuple[str, object]

PAGE = 50
FILTER = "stage_kind == 'open' and level == 'high'"
GETS = 50
MILLION = 1_000_000
MEASURES = {"number": "count()", "amount": "sum(amount)", "weighted": "weighted(amount)"}


def list_page(databases: Databases, pieces: int, size: int) -> Iterator[Race]:
    """Show 50 opportunities of the actor's team, filtered and sorted: the session and the page, two statements."""
    del pieces
    home = databases.filled(size)

    def ours() -> int:
        with home.crm.session(actor=ACTOR) as session:
            return len(session.find(Opportunity, FILTER, order="-expected_close", limit=PAGE))

    query, who = page_query(home), actor_query(home)

    def core() -> int:
        with home.crm.engine.connect() as connection:
            connection.execute(who, {"actor": ACTOR}).first()
            rows = connection.execute(query, {"team": home.team, "actor": home.actor, "limit": PAGE + 1}).all()
        return len(rows[:PAGE])

    bar = Bar(text="≤ 2 statements, p95 ≤ 2 × the SQL by hand", against=CORE, least=0.5, quantile=0.95)
    yield read_race("list", home, size, ours, core, bar=bar, rounds=8, most_statements=2)


def actor_query(home: Home) -> sa.Select[*tuple[object, ...]]:
    """Return the query for the actor."""
    users = home.crm.tables["user"]
    columns = (users.c.id, users.c.name, users.c.team_id, users.c.roles)
    living = (users.c.deleted_at.is_(None), users.c.active.is_(sa.true()))
    return sa.select(*columns).where(users.c.external_id == sa.bindparam("actor"), *living)


def page_query(home: Home) -> sa.Select[*tuple[object, ...]]:
    """Return the query for the page, with the permission of the actor."""
    table, users = home.crm.tables["opportunity"], home.crm.tables["user"]
    team = sa.select(users.c.id).where(users.c.team_id == sa.bindparam("team"))
    conditions = (
        table.c.deleted_at.is_(None),
        table.c.owner_id.in_(team) | (table.c.owner_id == sa.bindparam("actor")),
        table.c.stage_kind == "open",
        table.c.level == "high",
    )
    last = table.c.expected_close.desc()
    order = (last.nulls_last() if home.backend == "postgresql" else last, table.c.id.desc())
    return (
        sa.select(*shown(home, "opportunity", table)).where(*conditions).order_by(*order).limit(sa.bindparam("limit"))
    )


def shown(home: Home, entity: str, table: sa.FromClause) -> list[sa.ColumnElement[object]]:
    """Return the columns of an entity that records are made of: all but the keys that are searched."""
    fields = home.crm.model.entities[entity].fields.values()
    return [table.c[name] for field in fields for name in field.columns]


def get(databases: Databases, pieces: int, size: int) -> Iterator[Race]:
    """Get opportunities with their customers and contacts, in one session."""
    del pieces
    home = databases.filled(size)
    numbers = readable(home)

    def ours() -> int:
        with home.crm.session(actor=ACTOR) as session:
            for number in numbers:
                found = session.get(Opportunity, number, include=("customer", "contact"))
                session.get(given(found.customer))
                session.get(given(found.contact))
        return len(numbers)

    query = get_query(home)

    def core() -> int:
        count = 0
        with home.crm.engine.connect() as connection:
            for number in numbers:
                parameters = {"id": number, "team": home.team, "actor": home.actor}
                count += connection.execute(query, parameters).one() is not None
        return count

    bar = Bar(text="≤ 0.5 ms, one statement", most=0.0005)
    yield read_race("get", home, size, ours, core, bar=bar, count=len(numbers), most_statements=len(numbers) + 1)


def readable(home: Home) -> list[int]:
    """Return opportunities all over the table that the actor may read with their customers and contacts."""
    team = f"SELECT id FROM crm_user WHERE team_id = {home.team}"
    rows = home.rows(
        "SELECT o.id FROM crm_opportunity o JOIN crm_customer c ON c.id = o.customer_id JOIN crm_contact p "
        f"ON p.id = o.contact_id WHERE o.owner_id IN ({team}) AND c.owner_id IN ({team}) AND p.owner_id IN ({team}) "
        "ORDER BY o.id"
    )
    return [int(str(row[0])) for row in rows[:: max(len(rows) // GETS, 1)]][:GETS]


def given(reference: Ref[R] | None) -> Ref[R]:
    """Return a reference that is known to be there."""
    assert reference is not None
    return reference


def get_query(home: Home) -> sa.Select[*tuple[object, ...]]:
    """Return the query for an opportunity with its customer and contact, each with the permission of the actor."""
    tables = home.crm.tables
    table, customer, contact = tables["opportunity"], tables["customer"].alias("c"), tables["contact"].alias("p")
    users = tables["user"]

    def within(source: sa.FromClause) -> sa.ColumnElement[bool]:
        team = sa.select(users.c.id).where(users.c.team_id == sa.bindparam("team"))
        reach = source.c.owner_id.in_(team) | (source.c.owner_id == sa.bindparam("actor"))
        return sa.and_(source.c.deleted_at.is_(None), reach)

    columns = [*shown(home, "opportunity", table), *shown(home, "customer", customer), *shown(home, "contact", contact)]
    joined = table.outerjoin(customer, sa.and_(customer.c.id == table.c.customer_id, within(customer)))
    joined = joined.outerjoin(contact, sa.and_(contact.c.id == table.c.contact_id, within(contact)))
    labelled = (column.label(f"c{index}") for index, column in enumerate(columns))
    return sa.select(*labelled).select_from(joined).where(table.c.id == sa.bindparam("id"), within(table))


def aggregate(databases: Databases, pieces: int, size: int) -> Iterator[Race]:
    """Add up number, amount and weighted amount of the opportunities by stage, of all that there are."""
    del pieces
    home = databases.filled(size)

    def ours() -> int:
        with home.crm.session(actor=MANAGER) as session:
            rows = session.aggregate(Opportunity, by=["pipeline", "stage"], measures=MEASURES)
        return sum(int(str(row[2])) for row in rows)

    yield read_race("aggregate", home, size, ours, adding_up(home), bar=report_bar(size))


def report(databases: Databases, pieces: int, size: int) -> Iterator[Race]:
    """Run the pipeline report over all opportunities."""
    del pieces
    home = databases.filled(size)

    def ours() -> int:
        with home.crm.session(actor=MANAGER) as session:
            table = session.report("pipeline")
        assert table.total is not None
        return int(str(table.total[1]))

    table = home.crm.tables["opportunity"]
    pipeline, _ = home.first_stage("opportunity")
    core = adding_up(home, table.c.pipeline == pipeline, table.c.stage_kind.in_(["open", "waiting"]))
    yield read_race("report", home, size, ours, core, bar=report_bar(size))


def report_bar(size: int) -> Bar | None:
    """Return the bar of reports, which is about a million opportunities: with few, what surrounds the query counts."""
    return Bar(text="≤ 1.1 × the SQL by hand", against=CORE, least=1 / 1.1) if size >= MILLION else None


def adding_up(home: Home, *conditions: sa.ColumnElement[bool]) -> Callable[[], int]:
    """Return the same sums by hand: by stage and probability in the database, as its integers would overflow else."""
    table = home.crm.tables["opportunity"]
    groups = (table.c.pipeline, table.c.stage, table.c.probability)
    query = sa.select(*groups, sa.func.count(), sa.func.sum(table.c.amount_base))
    query = query.where(table.c.deleted_at.is_(None), *conditions).group_by(*groups)

    def core() -> int:
        totals: dict[tuple[str, str], list[Decimal]] = {}
        with home.crm.engine.connect() as connection:
            for pipeline, stage, probability, number, amount in connection.execute(query):
                total = totals.setdefault((pipeline, stage), [Decimal(0)] * 3)
                for index, value in enumerate((number, amount, amount * probability)):
                    total[index] += value
        return int(sum(total[0] for total in totals.values()))

    return core


def read_race(
    line: str,
    home: Home,
    size: int,
    ours: Callable[[], int],
    core: Callable[[], int],
    *,
    count: int = 1,
    bar: Bar | None,
    rounds: int = 1,
    most_statements: int | None = None,
) -> Race:
    """Return a race of reads on one database; each way returns how many records it saw."""
    seen = ours(), core()
    with listening(home.crm.engine) as issued:
        ours()

    def check() -> list[str]:
        wrong = [] if seen[0] == seen[1] else [f"{seen[0]} records by crmkit, {seen[1]} by hand"]
        if most_statements is not None and len(issued) > most_statements:
            wrong.append(f"{len(issued)} statements instead of {most_statements}")
        return wrong

    def raw() -> None:
        cursor = home.driver.cursor()
        for statement, parameters in issued:
            cursor.execute(statement, parameters)
            cursor.fetchall()
        home.driver.commit()

    ways: dict[str, Way] = {CRMKIT: lambda _: ours, CORE: lambda _: core, RAW: lambda _: raw}
    return Race(
        line=line,
        database=home.backend,
        size=size,
        count=count,
        ways=ways,
        bar=bar,
        rounds=rounds,
        check=check,
        notes=lambda: [f"{len(issued)} statements for {count} piece{'s' if count > 1 else ''}"],
    )


@contextmanager
def listening(engine: sa.Engine) -> Iterator[list[Issued]]:
    """Note the statements that an engine issues, with their parameters as the driver gets them."""
    issued: list[Issued] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        issued.append((statement, parameters))

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield issued
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
