"""What every write needs: changes, events, links, stage history, idempotency keys, ids, and the plugins' ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.storage.column_types import INTEGER, MOMENT, TEXT
from crmkit.core.storage.system.making import number_column, record_columns

if TYPE_CHECKING:
    from crmkit.core.storage.system.making import TableMaker


class WriteTables:
    """What every write needs.

    Attributes:
        change: one row per change of a record: who, when, old and new values as JSON.
        event: one row per event, written with its change in one transaction; `dispatched_at` is when it was turned
            into work for those who handle it.
        link: provenance between records.
        stage_history: one row per entry into a stage.
        command: idempotency keys with what they answered.
        sequence: the next id of every entity (SQLite; PostgreSQL has sequences).
        plugin: the ledger of the plugins that the database was made for.
    """

    change: sa.Table
    event: sa.Table
    link: sa.Table
    stage_history: sa.Table
    command: sa.Table
    sequence: sa.Table
    plugin: sa.Table

    def add_writes(self, make: TableMaker) -> None:
        """Make the tables."""
        self.change = make.table(
            "change",
            number_column(),
            *record_columns(),
            sa.Column("version", INTEGER, nullable=False),
            sa.Column("action", TEXT, nullable=False),
            sa.Column("at", MOMENT, nullable=False),
            sa.Column("actor_id", INTEGER),
            sa.Column("old", TEXT),
            sa.Column("new", TEXT),
        )
        make.index("change_record", self.change.c.entity, self.change.c.record_id)
        self.event = make.table(
            "event",
            number_column(),
            sa.Column("name", TEXT, nullable=False),
            *record_columns(),
            sa.Column("version", INTEGER, nullable=False),
            sa.Column("ordinal", INTEGER, nullable=False),
            sa.Column("at", MOMENT, nullable=False),
            sa.Column("actor_id", INTEGER),
            sa.Column("payload", TEXT),
            sa.Column("dispatched_at", MOMENT),
        )
        new = self.event.c.dispatched_at.is_(None)
        make.index("event_new", self.event.c.id, sqlite_where=new, postgresql_where=new)
        make.index("event_record", self.event.c.entity, self.event.c.record_id)
        self.link = make.table(
            "link",
            number_column(),
            sa.Column("source_entity", TEXT, nullable=False),
            sa.Column("source_id", INTEGER, nullable=False),
            sa.Column("kind", TEXT, nullable=False),
            sa.Column("target_entity", TEXT, nullable=False),
            sa.Column("target_id", INTEGER, nullable=False),
            sa.Column("at", MOMENT, nullable=False),
            sa.Column("actor_id", INTEGER),
        )
        of = self.link.c
        make.index("link_source", of.source_entity, of.source_id, of.kind, of.target_entity, of.target_id, unique=True)
        make.index("link_target", of.target_entity, of.target_id)
        self.stage_history = make.table(
            "stage_history",
            number_column(),
            *record_columns(),
            sa.Column("pipeline", TEXT, nullable=False),
            sa.Column("source", TEXT),
            sa.Column("target", TEXT, nullable=False),
            sa.Column("kind", TEXT, nullable=False),
            sa.Column("at", MOMENT, nullable=False),
            sa.Column("actor_id", INTEGER),
            sa.Column("amount", INTEGER),
            sa.Column("seconds", INTEGER),
        )
        make.index("stage_history_record", self.stage_history.c.entity, self.stage_history.c.record_id)
        self.command = make.table(
            "command",
            sa.Column("key", TEXT, primary_key=True),
            sa.Column("fingerprint", TEXT, nullable=False),
            sa.Column("answer", TEXT, nullable=False),
            sa.Column("at", MOMENT, nullable=False),
            sa.Column("actor_id", INTEGER),
        )
        self.sequence = make.table(
            "sequence", sa.Column("entity", TEXT, primary_key=True), sa.Column("next", INTEGER, nullable=False)
        )
        self.plugin = make.table(
            "plugin",
            sa.Column("name", TEXT, primary_key=True),
            sa.Column("version", TEXT, nullable=False),
            sa.Column("state", TEXT, nullable=False),
            sa.Column("declared", TEXT, nullable=False),
            sa.Column("at", MOMENT, nullable=False),
        )
