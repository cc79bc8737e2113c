from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit.errors import InvalidValue

if TYPE_CHECKING:
    import sqlalchemy as sa

    from tests.core.reading.conftest import Library


@pytest.fixture
def people(library: Library, connection: sa.Connection) -> None:
    """Some specimens with names, addresses of e-mail and telephone, and tags."""
    add = library.add
    add(connection, "specimen", id=1, name="Zoë Müller", email="Zoe@Example.com", phone="+33 1 40 20 50 50")
    add(connection, "specimen", id=2, name="王小明", phone="+49 30 1234567", tags=["VIP", "Dental care"])
    add(connection, "specimen", id=3, name="ＡＣＭＥ Straße 50%", city="Paris", labels=["Hidden"])
    add(connection, "specimen", id=4, name="acme_2", tags=["vip"], deleted_at="2026-01-01T00:00Z")


FOUND = [
    ("zoë", [1]),
    ("ZOË MÜLLER", [1]),
    ("müller zoë", [1]),
    ("müller acme", []),
    ("zoe@example", [1]),
    ("王", [2]),
    ("小明", [2]),
    ("acme", [3]),
    ("ａｃｍｅ", [3]),
    ("strasse", [3]),
    ("50%", [3]),
    ("%", [3]),
    ("_", []),
    ("vip", [2]),
    ("dental care", [2]),
    ("Paris", []),
    ("hidden", []),
    ("5050", [1]),
    ("4567", [2]),
    ("05050", [1]),
    ("01 40 20 50 50", [1]),
    ("0033 1 40 20 50 50", [1]),
    ("+33 (0)1 40 20 50 50", [1]),
    ("+33140205050", [1]),
    ("0140205050", [1]),
    ("01.40.20.50.50", [1]),
    ("050", [1]),
    ("99", []),
    ("", [1, 2, 3]),
    (" \t\n　", [1, 2, 3]),
    ("\n", [1, 2, 3]),
]


@pytest.mark.row("B10")
@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_records_are_found_by_any_of_their_texts(
    library: Library, connection: sa.Connection, text: str, expected: list[int]
) -> None:
    """Every word must be in some searchable field, whatever its case and width; telephone numbers by their digits."""
    reader = library.reader(connection)
    assert [record.id for record in reader.find(library.entity("specimen"), search=text)] == expected


@pytest.mark.usefixtures("people")
def test_search_and_filter_meet(library: Library, connection: sa.Connection) -> None:
    """A search narrows what a filter finds, in lists, counts and aggregates."""
    reader, entity = library.reader(connection), library.entity("specimen")
    assert reader.count(entity, "city == 'Paris'", search="acme") == 1
    assert reader.count(entity, "city != 'Paris'", search="acme") == 0
    assert reader.aggregate(entity, measures={"n": "count()"}, search="acme") == [(1,)]


@pytest.mark.usefixtures("people")
def test_hidden_fields_are_not_searched(library: Library, connection: sa.Connection) -> None:
    """What is only in a field that the actor may not see is not found."""
    reader = library.reader(connection, visible=lambda _, field: field.name not in {"email", "phone"})
    entity = library.entity("specimen")
    assert reader.count(entity, search="zoe@example") == 0
    assert reader.count(entity, search="01 40 20 50 50") == 0
    assert reader.count(entity, search="müller") == 1


@pytest.mark.parametrize("text", ["x" * 1_001, "a " * 21, "a\x00b", "\ud800"])
def test_a_search_has_limits(library: Library, connection: sa.Connection, text: str) -> None:
    """A text that is too long, or holds characters that no text has, is refused."""
    with pytest.raises(InvalidValue, match=r"search"):
        library.reader(connection).find(library.entity("specimen"), search=text)
