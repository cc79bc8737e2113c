"""What an actor may not see changes no answer: two databases that differ in one hidden value answer alike."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa

from crmkit import SYSTEM
from tests.core.permission.conftest import FIRST, HIDDEN, OTHER
from tests.core.permission.reads import answers, tried_import

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from crmkit import CRM

ACME = 1
EVERY = tuple(OTHER)
UNSEEN: dict[str, tuple[str, ...]] = {
    "clerk": (*HIDDEN, "diagnosis", "pin"),
    "clerk_of_own": (*HIDDEN, "diagnosis", "pin"),
    "porter": ("score", "diagnosis", "pin"),
    "desk": ("diagnosis", "pin"),
    "nurse": ("pin",),
    "admin": ("pin",),
}
"""The fields that each actor may not see."""


def put(crm: CRM, values: dict[str, object]) -> None:
    """Write values of Acme into its row and into the log of the change that gave them, and nothing else."""
    entity, table, change = crm.model.entities["customer"], crm.tables["customer"], crm.tables.system.change
    with crm.session(actor=SYSTEM) as session:
        row: dict[str, object] = {}
        logged: dict[str, object] = {}
        for name, value in values.items():
            field = entity.fields[name]
            parsed = None if value is None else field.kind.parse(value, crm.conventions)
            raw = (None,) * len(field.columns) if parsed is None else field.kind.dump(parsed)
            row |= dict(zip(field.columns, raw, strict=True))
            if field.key_column:
                row[field.key_column] = None if parsed is None else field.kind.key(parsed)
            logged[name] = None if parsed is None else field.kind.to_json(parsed)
        session.unit.connection.execute(table.update().where(table.c.id == ACME).values(row))
        logs = sa.and_(change.c.entity == "customer", change.c.record_id == ACME, change.c.version == 2)
        new = session.unit.connection.execute(sa.select(change.c.new).where(logs)).scalar_one()
        text = json.dumps({**json.loads(new), **logged}, ensure_ascii=False, separators=(",", ":"))
        session.unit.connection.execute(change.update().where(logs).values(new=text))


def different(first: dict[str, bytes], second: dict[str, bytes]) -> list[str]:
    """Return the reads that were answered differently."""
    assert first.keys() == second.keys()
    return [name for name, answer in first.items() if second[name] != answer]


@pytest.mark.row("M1", "B18")
@pytest.mark.parametrize("actor", UNSEEN)
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_no_hidden_value_changes_an_answer(clinic: CRM, actor: str, tmp_path: Path) -> None:
    """For every role and every field that it may not see, all reads answer byte for byte the same."""
    imported = b""
    for name in UNSEEN[actor]:
        asked = [name, "city"], [FIRST[name], OTHER[name]]
        before = answers(clinic, actor, *asked)
        imported = tried_import(clinic, actor, tmp_path, name, FIRST[name])
        for value in (OTHER[name], None):
            put(clinic, {name: value})
            assert different(before, answers(clinic, actor, *asked)) == [], (name, value)
            assert tried_import(clinic, actor, tmp_path, name, FIRST[name]) == imported
        put(clinic, {name: FIRST[name]})
    assert tried_import(clinic, actor, tmp_path, "city", "Nice") != imported


@pytest.mark.row("M1")
@pytest.mark.parametrize("actor", ["clerk", "admin"])
def test_no_hidden_values_change_an_answer_on_any_database(clinic: CRM, actor: str) -> None:
    """All hidden values changed at once change no answer, on either database."""
    asked = [*UNSEEN[actor], "city"], [value for name in UNSEEN[actor] for value in (FIRST[name], OTHER[name])][:4]
    before = answers(clinic, actor, *asked)
    put(clinic, {name: OTHER[name] for name in UNSEEN[actor]})
    assert different(before, answers(clinic, actor, *asked)) == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_the_catalogue_of_reads_tells_values_that_are_seen(clinic: CRM) -> None:
    """The same reads tell apart every one of these values to whom they are shown: lists, sorts, groups and the log."""

    def kinds(names: Iterable[str]) -> set[str]:
        return {name.split()[0] for name in names}

    for name in EVERY:
        asked = [name, "city"], [FIRST[name], OTHER[name]]
        before = answers(clinic, SYSTEM, *asked)
        put(clinic, {name: OTHER[name]})
        found = kinds(different(before, answers(clinic, SYSTEM, *asked)))
        put(clinic, {name: FIRST[name]})
        if name == "pin":
            assert found == set(), "a secret is told to nobody"
            continue
        assert {"find", "items", "json", "history", "timeline"} <= found, (name, found)
        assert "export" in found, name
        assert {"group", "rows"} <= found or name in {"marks", "origin"}, (name, found)
