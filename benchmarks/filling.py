"""Filling: a database with so many opportunities, always the same ones, loaded by the bare driver.

For every 10 opportunities there is a customer and a contact. 100 users in a tree of 1,000 teams own them; the actor's
team has a fifth of the users. Nothing here goes through crmkit but the users and teams; no change, event or history is
written. The rows get ids from 1 without telling the sequences, so such a database is for reading only.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

from attrs import frozen

from benchmarks.databases import ACTOR, Home
from crmkit import SYSTEM, Team, User

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from crmkit.core.assemble.pipelines import StageModel

Row = tuple[object, ...]

TEAMS, USERS, BRANCHES = 1_000, 100, 10
USERS_OF_THE_TEAM = 20
MANAGER = "user1"
OPPORTUNITIES_OF_A_CUSTOMER = 10
BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)
LEVELS, SOURCES = ("low", "normal", "high"), ("referral", "website", "exhibition")
CITIES, INDUSTRIES = ("Berlin", "Lyon", "Milano", "Porto", "Wien"), ("energy", "health", "retail", "software")
STAMPS = "created_at, created_by_id, updated_at, updated_by_id"
STAGES = "pipeline, stage, stage_kind, stage_since"


@frozen(kw_only=True)
class Book:
    """What the rows refer to.

    Attributes:
        owners: the ids of the users.
        stages: the stages of each entity's default pipeline.
        moments: the rows' moments, as the driver takes them.
        days: likewise the days.
    """

    owners: list[int]
    pipelines: dict[str, str]
    stages: dict[str, list[StageModel]]
    moments: list[object]
    days: list[object]

    def stage(self, entity: str, index: int) -> Row:
        """Return the four values of a record's stage."""
        found = self.stages[entity][index % len(self.stages[entity])]
        return self.pipelines[entity], found.name, found.stage.kind, self.moments[index % len(self.moments)]

    def stamps(self, index: int) -> Row:
        """Return the four values that say when a record was written and by whom."""
        moment = self.moments[index * 7 % len(self.moments)]
        return moment, self.owner(index), moment, self.owner(index)

    def owner(self, index: int) -> int:
        """Return the owner of a record, mixed well."""
        return self.owners[index * 7919 % len(self.owners)]


def fill(home: Home, size: int) -> None:
    """Fill an empty database."""
    book = make_book(home, make_people(home))
    whole = max(size // OPPORTUNITIES_OF_A_CUSTOMER, 1)
    drop_indexes(home)
    for entity, (columns, rows) in {
        "customer": customers(book, whole),
        "contact": contacts(book, whole),
        "opportunity": opportunities(book, size),
    }.items():
        load(home, f"crm_{entity}", columns, rows)
    home.crm.upgrade()
    if home.backend == "postgresql":
        cursor = home.driver.cursor()
        cursor.execute("ANALYZE")
        home.driver.commit()


def make_people(home: Home) -> list[User]:
    """Create teams and users."""
    with home.crm.session(actor=SYSTEM) as session:
        teams = session.create_many(Team, [{"name": "Team 0"}])
        while len(teams) < TEAMS:
            numbers = range(len(teams), min(len(teams) * BRANCHES, TEAMS))
            given = [{"name": f"Team {index}", "parent": teams[index // BRANCHES]} for index in numbers]
            teams += session.create_many(Team, given)
        users = session.create_many(User, [user(index, teams) for index in range(USERS)])
    home.actor, home.team = users[0].id, teams[0].id
    return users


def make_book(home: Home, users: list[User]) -> Book:
    """Return what rows refer to."""
    pipelines = {name: home.crm.model.pipelines_of(name)[0] for name in ("customer", "contact", "opportunity")}
    moments = [BEGIN + timedelta(minutes=37 * index) for index in range(10_000)]
    is_text = home.backend == "sqlite"
    return Book(
        owners=[each.id for each in users],
        pipelines={name: each.name for name, each in pipelines.items()},
        stages={name: list(each.stages) for name, each in pipelines.items()},
        moments=[each.replace(tzinfo=None).isoformat(" ", "microseconds") if is_text else each for each in moments],
        days=[str(each.date()) if is_text else each.date() for each in moments],
    )


def user(index: int, teams: list[Team]) -> dict[str, object]:
    """Return the values of one user; the first is the actor, the second may read everything."""
    team = teams[0] if index < USERS_OF_THE_TEAM else teams[index * BRANCHES % TEAMS]
    name = f"user{index}" if index else ACTOR
    role = "manager" if name == MANAGER else "benchmark_team"
    return {"name": name, "external_id": name, "roles": [role], "team": team}


def customers(book: Book, number: int) -> tuple[str, Iterator[Row]]:
    """Return columns and rows of customers."""
    columns = "id, version, name, name_key, type, level, industry, phone, phone_key, email, email_key, city, owner_id"
    rows = (
        (
            *(index, 1, f"Customer {index}", f"customer {index}", "organisation", "abc"[index % 3]),
            *(INDUSTRIES[index % 4], f"+3314{index:08d}", f"3314{index:08d}"),
            *(f"a@customer{index}.example", f"a@customer{index}.example", CITIES[index * 7 % 5], book.owner(index)),
            *book.stage("customer", index),
            *book.stamps(index),
        )
        for index in range(1, number + 1)
    )
    return f"{columns}, {STAGES}, {STAMPS}", rows


def contacts(book: Book, number: int) -> tuple[str, Iterator[Row]]:
    """Return columns and rows of contacts, one a customer."""
    columns = "id, version, name, name_key, customer_id, is_primary, email, email_key, owner_id"
    rows = (
        (
            *(index, 1, f"Contact {index}", f"contact {index}", index, True),
            *(f"b@customer{index}.example", f"b@customer{index}.example", book.owner(index)),
            *book.stage("contact", index),
            *book.stamps(index),
        )
        for index in range(1, number + 1)
    )
    return f"{columns}, {STAGES}, {STAMPS}", rows


def opportunities(book: Book, number: int) -> tuple[str, Iterator[Row]]:
    """Return columns and rows of opportunities."""
    columns = "id, version, name, name_key, customer_id, contact_id, owner_id, level, source"
    amounts = "amount, amount_currency, amount_base, probability, opened_on, expected_close"
    return f"{columns}, {amounts}, {STAGES}, {STAMPS}", (opportunity(book, index) for index in range(1, number + 1))


def opportunity(book: Book, index: int) -> Row:
    """Return one opportunity's row."""
    customer = (index - 1) // OPPORTUNITIES_OF_A_CUSTOMER + 1
    amount = (index * 104_729 % 90_000 + 1_000) * 10_000
    return (
        *(index, 1, f"Opportunity {index}", f"opportunity {index}", customer, customer, book.owner(index)),
        *(LEVELS[index // 5 % 3], SOURCES[index // 7 % 3], amount, "EUR", amount, index % 5 * 20_0000),
        *(book.days[index * 13 % len(book.days)], book.days[index * 31 % len(book.days)]),
        *book.stage("opportunity", index // 3),
        *book.stamps(index),
    )


def drop_indexes(home: Home) -> None:
    """Drop the indexes of the big tables; the next upgrade makes them again, faster than row by row."""
    catalogue = (
        "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN "
        if home.backend == "sqlite"
        else "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() "
        "AND indexname NOT LIKE '%_pkey' AND tablename IN "
    )
    cursor = home.driver.cursor()
    for (name,) in home.rows(f"{catalogue} ('crm_customer', 'crm_contact', 'crm_opportunity')"):
        cursor.execute(f"DROP INDEX {name}")
    home.driver.commit()


def load(home: Home, table: str, columns: str, rows: Iterator[Row]) -> None:
    """Load rows: by `COPY` on PostgreSQL, by one prepared insert on SQLite."""
    if home.backend == "sqlite":
        marks = ", ".join("?" * len(columns.split(",")))
        home.driver.cursor().executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)
    else:
        with cast("psycopg.Connection", home.driver).cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    home.driver.commit()
