"""Writes: create, update and move one at a time, and create in bulk, each with its change, event and stage history."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from benchmarks.by_hand import ByCore, ByDriver
from benchmarks.databases import ACTOR
from benchmarks.plugin import PIPELINE
from benchmarks.races import CORE, CRMKIT, RAW, Bar, Race
from crmkit import Customer, Opportunity, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Table

    from benchmarks.by_hand import ByHand
    from benchmarks.databases import Databases, Home
    from benchmarks.races import Way, Work

R = TypeVar("R", bound=Record)

CITIES = ("Berlin", "Lyon", "Milano", "Porto", "Wien")
INDUSTRIES = ("energy", "health", "retail", "software")
TIMES = {"at", "created_at", "updated_at", "stage_since", "owned_since", "seconds"}
WRITTEN = ("change", "event", "stage_history")
PLAIN = ("name", "city", "industry")
MOST_IN_BULK = 100_000


def customers(number: int, first: int = 0) -> list[dict[str, str]]:
    """Return so many customers, always the same ones."""
    return [
        {
            "name": f"Customer {index}",
            "phone": f"+3314020{index % 10_000:04d}",
            "email": f"office@customer{index}.example.org",
            "city": CITIES[index % len(CITIES)],
            "industry": INDUSTRIES[index % len(INDUSTRIES)],
        }
        for index in range(first, first + number)
    ]


def plain_customers(number: int, first: int = 0) -> list[dict[str, str]]:
    """Return so many customers without telephone numbers and addresses, which libraries would check."""
    return [{name: row[name] for name in PLAIN} for row in customers(number, first)]


Given = Callable[[int, int], list[dict[str, str]]]


def create(databases: Databases, pieces: int, size: int) -> Iterator[Race]:
    """Create customers one at a time, in one transaction; then again without phone and e-mail, whose checks cost."""
    del size
    bar = Bar(text="≥ 0.6 × Core", against=CORE, least=0.6)
    yield writes("create", databases, pieces, create_each, hand_create_each, bar=bar)
    ours, by_hand = partial(create_each, given=plain_customers), partial(hand_create_each, given=plain_customers)
    yield writes("create, no phone or e-mail", databases, pieces, ours, by_hand)


def create_each(home: Home, pieces: int, number: int, *, given: Given = customers) -> Work:
    """Create customers by crmkit."""
    rows = given(pieces, number * pieces)

    def work() -> None:
        with home.crm.session(actor=ACTOR) as session:
            for each in rows:
                session.create(Customer, **each)

    return work


def hand_create_each(hand: ByHand, pieces: int, number: int, *, given: Given = customers) -> Work:
    """Create the same customers by hand."""
    rows = given(pieces, number * pieces)

    def work() -> None:
        with hand.transaction():
            for each in rows:
                hand.create(each)

    return work


def bulk(databases: Databases, pieces: int, size: int) -> Iterator[Race]:
    """Create customers in bulk, in one command; then again without phone and e-mail."""
    del pieces
    if size > MOST_IN_BULK:
        return
    bar = Bar(text="≥ 0.6 × Core", against=CORE, least=0.6)
    yield writes("bulk", databases, size, create_all, hand_create_all, bar=bar, size=size)
    ours, by_hand = partial(create_all, given=plain_customers), partial(hand_create_all, given=plain_customers)
    yield writes("bulk, no phone or e-mail", databases, size, ours, by_hand, size=size)


def create_all(home: Home, pieces: int, number: int, *, given: Given = customers) -> Work:
    """Create customers by crmkit in one command."""
    rows = given(pieces, number * pieces)

    def work() -> None:
        with home.crm.session(actor=ACTOR) as session:
            session.create_many(Customer, rows)

    return work


def hand_create_all(hand: ByHand, pieces: int, number: int, *, given: Given = customers) -> Work:
    """Create the same customers by hand, with one statement a table."""
    rows = given(pieces, number * pieces)

    def work() -> None:
        with hand.transaction():
            hand.create_many(rows)

    return work


def update(databases: Databases, pieces: int, size: int) -> Iterator[Race]:
    """Update customers one at a time, each only if its version is still the one that was read."""
    del size
    bar = Bar(text="≥ 0.6 × Core", against=CORE, least=0.6)
    yield writes("update", databases, pieces, update_each, hand_update_each, bar=bar)


def update_each(home: Home, pieces: int, number: int) -> Work:
    """Give every customer another city by crmkit."""
    records = prepared(home, Customer, customers(pieces, number * pieces))

    def work() -> None:
        with home.crm.session(actor=ACTOR) as session:
            for record in records:
                session.update(record, city="Paris")

    return work


def hand_update_each(hand: ByHand, pieces: int, number: int) -> Work:
    """Give every customer another city by hand."""
    records = prepared(hand.home, Customer, customers(pieces, number * pieces))

    def work() -> None:
        with hand.transaction():
            for record in records:
                hand.move_to_city(record.id, record.city, "Paris")

    return work


def move(databases: Databases, pieces: int, size: int) -> Iterator[Race]:
    """Move opportunities to the next stage one at a time, past two gates and a required value, with stage history."""
    del size
    bar = Bar(text="≥ 0.5 × Core", against=CORE, least=0.5)
    yield writes("move", databases, pieces, move_each, hand_move_each, bar=bar, entity="opportunity")


def move_each(home: Home, pieces: int, number: int) -> Work:
    """Move opportunities by crmkit."""
    del number
    records = prepared(home, Opportunity, opportunities(home, pieces))

    def work() -> None:
        with home.crm.session(actor=ACTOR) as session:
            for record in records:
                session.move(record, "proposed")

    return work


def hand_move_each(hand: ByHand, pieces: int, number: int) -> Work:
    """Move opportunities by hand."""
    del number
    records = prepared(hand.home, Opportunity, opportunities(hand.home, pieces))
    read = [
        (record.id, {"customer": record.customer, "expected_close": record.expected_close, "amount": 1234_0000})
        for record in records
    ]
    since = records[0].stage_since

    def work() -> None:
        with hand.transaction():
            for number, opportunity in read:
                hand.propose(number, opportunity, since)

    return work


def opportunities(home: Home, number: int) -> list[dict[str, object]]:
    """Return so many opportunities of one customer."""
    (customer,) = prepared(home, Customer, customers(1))
    common = {"customer": customer, "amount": 1234, "expected_close": "2027-01-31", "pipeline": PIPELINE.name}
    return [{"name": f"Opportunity {index}", **common} for index in range(number)]


def prepared(home: Home, entity: type[R], given: Sequence[Mapping[str, object]]) -> list[R]:
    """Create the records that a round works on, in the same way for all."""
    with home.crm.session(actor=ACTOR) as session:
        return session.create_many(entity, given)


def writes(
    line: str,
    databases: Databases,
    pieces: int,
    ours: Callable[[Home, int, int], Work],
    by_hand: Callable[[ByHand, int, int], Work],
    *,
    bar: Bar | None = None,
    entity: str = "customer",
    size: int | None = None,
) -> Race:
    """Return a race of writes, each way in a database of its own."""
    homes = [databases.new() for _ in range(3)]
    core, raw = ByCore(homes[1]), ByDriver(homes[2])
    ways: dict[str, Way] = {
        CRMKIT: lambda number: ours(homes[0], pieces, number),
        CORE: lambda number: by_hand(core, pieces, number),
        RAW: lambda number: by_hand(raw, pieces, number),
    }
    return Race(
        line=line,
        database=databases.backend,
        size=size,
        count=pieces,
        unit="records",
        ways=ways,
        bar=bar,
        check=lambda: differences(homes, entity),
    )


def differences(homes: Sequence[Home], entity: str) -> list[str]:
    """Return where the ways left other rows than crmkit: as many, and the last one of each table the same."""
    found = []
    for table in (entity, *WRITTEN):
        seen = [last_row(home, table) for home in homes]
        for other in seen[1:]:
            for name, value in seen[0].items():
                if other[name] != value:
                    found.append(f"crm_{table}.{name}: {value!r} by crmkit, {other[name]!r} by hand")
    return found


def last_row(home: Home, table: str) -> dict[str, object]:
    """Return the last row of a table, with how many there are; of times, only whether there is one."""
    columns = [column.name for column in table_of(home, table).columns]
    name = home.crm.tables.name_of(home.crm.model.entities[table]) if table not in WRITTEN else f"crm_{table}"
    (row,) = home.rows(f"SELECT {', '.join(columns)} FROM {name} ORDER BY id DESC LIMIT 1")
    ((count,),) = home.rows(f"SELECT count(*) FROM {name}")
    values = dict(zip(columns, row, strict=True))
    return {"count": count} | {name: comparable(name, value) for name, value in values.items()}


def table_of(home: Home, name: str) -> Table:
    """Return a table by its short name."""
    return getattr(home.crm.tables.system, name) if name in WRITTEN else home.crm.tables[name]


def comparable(name: str, value: object) -> object:
    """Return a value as it can be compared between two runs."""
    if name in TIMES:
        return value is not None
    if name in {"old", "new"} and isinstance(value, str):
        return {key: each for key, each in json.loads(value).items() if key not in TIMES}
    return value
