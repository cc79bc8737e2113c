"""Planning: from the ledger, the schema and the assembled plugins to the steps that bring them together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from crmkit.core.storage.plugin_ledger import DISABLED, ENABLED, check_versions, facts_of, wishes_of
from crmkit.core.upgrade import converting, custom_fields, growing, keeping, lifting, once, purging, renaming
from crmkit.core.upgrade.plan import Plan
from crmkit.core.upgrade.present import Present, Situation
from crmkit.core.upgrade.steps import Step, count_rows
from crmkit.errors import UnknownNameError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    import sqlalchemy as sa

    from crmkit.core.assemble.model import Model
    from crmkit.core.storage.plugin_ledger import Fact
    from crmkit.core.storage.tables import Tables


def make_plan(
    connection: sa.Connection,
    model: Model,
    tables: Tables,
    now: datetime,
    *,
    purge: Iterable[str] = (),
    move: Callable[[str, str, str], Callable[[sa.Connection], None]],
) -> Plan:
    """Return what brings the database to what the Model needs, and purges some plugins; nothing is written.

    `move` returns what moves the records of a stage to another one.

    Raises:
        DatabaseTooNewError: if the database was made for newer plugins.
        UnknownNameError: if a plugin to be purged has nothing in the database.
    """
    present = Present.of(connection, tables)
    older = {name: frozenset(columns) for name, columns in present.tables.items()}
    has_ledger = tables.system.plugin.name in older
    facts = facts_of(connection, tables) if has_ledger else {}
    check_versions(facts, model)
    purged = tuple(dict.fromkeys(purge))
    check_purged(purged, facts)
    wishes = wishes_of(model, tables, facts)
    here = Situation(
        connection=connection,
        model=model,
        tables=tables,
        facts=facts,
        present=present,
        older=older,
        now=now,
        definitions=custom_fields.stored_definitions(connection, model, tables, older),
    )
    here.problems += custom_fields.clashes(here)
    due, needless = once.due_steps(here), once.needless_steps(here)
    steps = list(once.beforehand(due))
    # Renames note in the system's tables what they do.
    steps += growing.missing_columns(here, tables.system.all)
    steps += renaming.renames(here)
    steps += growing.missing_tables(here)
    steps += converting.conversions(here)
    steps += growing.missing_columns(here, tables.all)
    steps += growing.surplus_indexes(here)
    here.problems += growing.shared_values(here)
    steps += growing.missing_indexes(here)
    steps += custom_fields.missing_indexes(here)
    steps += keeping.stage_kinds(here)
    steps += keeping.search_keys(here)
    steps += custom_fields.missing_keys(here)
    steps += keeping.closure(here)
    here.problems += purging.requirers(facts, {*purged} - {*wishes})
    for name in purged:
        steps += purging.purge(here, facts[name], move, only_left=name in wishes)
    steps += once.noting(here, due, needless)
    steps += lifting.lifted(here)
    steps += ledger_steps(here, wishes, purged)
    state = [[each.name, each.version, each.state, each.declared] for each in facts.values()]
    return Plan(steps=tuple(steps), problems=tuple(here.problems), purged=purged, state=json.dumps(state))


def check_purged(purged: Iterable[str], facts: Mapping[str, Fact]) -> None:
    """Refuse to purge what isn't there."""
    for name in purged:
        if name not in facts or name == "core":
            known = tuple(each for each in facts if each != "core")
            raise UnknownNameError(sort=_("plugin in the database"), name=name, known=known)


def ledger_steps(here: Situation, wishes: Mapping[str, Fact], purged: Iterable[str]) -> Iterator[Step]:
    """Yield what notes in the ledger which plugins the database is then made for."""
    ledger, facts = here.tables.system.plugin, here.facts
    gone = {*purged}
    for name, wish in wishes.items():
        fact = facts.get(name)
        row = {
            "version": wish.version,
            "state": ENABLED,
            "declared": without_left(wish) if name in gone else wish.declared,
            "at": here.now,
        }
        if fact is None:
            does = keeping.executing(ledger.insert().values(name=name, **row))
            text = _("enable plugin {name} {version}", name=name, version=wish.version)
            yield Step(sort="add", text=text, plugin=name, does=does)
            continue
        does = keeping.executing(ledger.update().where(ledger.c.name == name).values(row))
        if fact.state != ENABLED:
            text = _("enable plugin {name} {version}", name=name, version=wish.version)
            yield Step(sort="add", text=text, plugin=name, does=does)
        elif (fact.version, fact.declared) != (wish.version, row["declared"]):
            text = _("update plugin {name} {version}", name=name, version=wish.version)
            yield Step(sort="change", text=text, plugin=name, does=does)
    for name, fact in facts.items():
        if name not in wishes and name not in gone and fact.state == ENABLED:
            does = keeping.executing(ledger.update().where(ledger.c.name == name).values(state=DISABLED, at=here.now))
            text = _("disable plugin {name} (its data is kept)", name=name)
            rows = kept_rows(here.connection, here.tables, fact)
            yield Step(sort="hide", text=text, plugin=name, rows=rows, does=does)


def without_left(wish: Fact) -> str:
    """Return the snapshot of a plugin whose leavings are purged."""
    known = json.loads(wish.declared) | {"left": {"entities": {}, "fields": {}}}
    return json.dumps(known, sort_keys=True)


def kept_rows(connection: sa.Connection, tables: Tables, fact: Fact) -> int:
    """Return how many records and values a plugin keeps, which are hidden while it is disabled."""
    known = fact.snapshot
    present = Present.of(connection, tables).tables
    count = sum(count_rows(connection, each, tables.schema) for each in known.entities.values() if each in present)
    for path, field in known.fields.items():
        columns = [each for each in field["columns"] if each in present.get(field["table"], ())]
        if path.partition(".")[0] not in known.entities and columns:
            count += count_rows(connection, field["table"], tables.schema, *columns)
    return count


def kept_tables(connection: sa.Connection, tables: Tables) -> dict[str, list[str]]:
    """Return the columns of every table that the database holds for this CRM, those of disabled plugins included."""
    present = Present.of(connection, tables).tables
    ours = {table.name for table in tables.all}
    if tables.system.plugin.name in present:
        for fact in facts_of(connection, tables).values():
            ours |= {*fact.snapshot.entities.values(), *fact.snapshot.left["entities"].values()}
    return {name: columns for name, columns in present.items() if name in ours}
