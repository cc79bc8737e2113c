"""The lifecycle's own tables: changes, events, links, stage history, idempotency keys, sequences, plugin ledger."""

from __future__ import annotations

import sqlalchemy as sa

from crmkit.core.storage.column_types import INTEGER, KEY, MOMENT, TEXT


class SystemTables:
    """The tables that are not entities.

    Attributes:
        change: one row per change of a record: who, when, old and new values as JSON.
        event: the outbox; one row per event, written with its change in one transaction.
        link: provenance between records.
        stage_history: one row per entry into a stage.
        command: idempotency keys with what they answered.
        sequence: the next id of every entity (SQLite; PostgreSQL has sequences).
        plugin: the ledger of the plugins that the database was made for.
        file_import, imported_row: imports and what became of each row.
    """

    def __init__(self, metadata: sa.MetaData, *, prefix: str, schema: str | None) -> None:
        def table(name: str, *columns: sa.schema.SchemaItem) -> sa.Table:
            return sa.Table(f"{prefix}{name}", metadata, *columns, schema=schema)

        def index(name: str, *columns: sa.Column[object], **options: object) -> sa.Index:
            return sa.Index(f"ix_{prefix}{name}", *columns, **options)  # type: ignore[arg-type]

        self.change = table(
            "change",
            sa.Column("id", KEY, primary_key=True, autoincrement=True),
            *record_columns(),
            sa.Column("version", INTEGER, nullable=False),
            sa.Column("action", TEXT, nullable=False),
            sa.Column("at", MOMENT, nullable=False),
            sa.Column("actor_id", INTEGER),
            sa.Column("old", TEXT),
            sa.Column("new", TEXT),
        )
        index("change_record", self.change.c.entity, self.change.c.record_id)
        self.event = table(
            "event",
            sa.Column("id", KEY, primary_key=True, autoincrement=True),
            sa.Column("name", TEXT, nullable=False),
            *record_columns(),
            sa.Column("version", INTEGER, nullable=False),
            sa.Column("ordinal", INTEGER, nullable=False),
            sa.Column("at", MOMENT, nullable=False),
            sa.Column("actor_id", INTEGER),
            sa.Column("payload", TEXT),
        )
        index("event_record", self.event.c.entity, self.event.c.record_id)
        self.link = table(
            "link",
            sa.Column("id", KEY, primary_key=True, autoincrement=True),
            sa.Column("source_entity", TEXT, nullable=False),
            sa.Column("source_id", INTEGER, nullable=False),
            sa.Column("kind", TEXT, nullable=False),
            sa.Column("target_entity", TEXT, nullable=False),
            sa.Column("target_id", INTEGER, nullable=False),
            sa.Column("at", MOMENT, nullable=False),
            sa.Column("actor_id", INTEGER),
        )
        of = self.link.c
        index("link_source", of.source_entity, of.source_id, of.kind, of.target_entity, of.target_id, unique=True)
        index("link_target", of.target_entity, of.target_id)
        self.stage_history = table(
            "stage_history",
            sa.Column("id", KEY, primary_key=True, autoincrement=True),
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
        index("stage_history_record", self.stage_history.c.entity, self.stage_history.c.record_id)
        self.command = table(
            "command",
            sa.Column("key", TEXT, primary_key=True),
            sa.Column("fingerprint", TEXT, nullable=False),
            sa.Column("answer", TEXT, nullable=False),
            sa.Column("at", MOMENT, nullable=False),
            sa.Column("actor_id", INTEGER),
        )
        self.sequence = table(
            "sequence", sa.Column("entity", TEXT, primary_key=True), sa.Column("next", INTEGER, nullable=False)
        )
        self.plugin = table(
            "plugin",
            sa.Column("name", TEXT, primary_key=True),
            sa.Column("version", TEXT, nullable=False),
            sa.Column("state", TEXT, nullable=False),
            sa.Column("declared", TEXT, nullable=False),
            sa.Column("at", MOMENT, nullable=False),
        )
        self.file_import = table(
            "import",
            sa.Column("id", KEY, primary_key=True, autoincrement=True),
            sa.Column("mapping", TEXT, nullable=False),
            sa.Column("digest", TEXT, nullable=False),
            sa.Column("files", TEXT, nullable=False),
            sa.Column("state", TEXT, nullable=False),
            sa.Column("worker", TEXT),
            sa.Column("at", MOMENT, nullable=False),
            sa.Column("actor_id", INTEGER),
        )
        self.imported_row = table(
            "import_row",
            sa.Column("import_id", INTEGER, primary_key=True, autoincrement=False),
            sa.Column("file", INTEGER, primary_key=True, autoincrement=False),
            sa.Column("row", INTEGER, primary_key=True, autoincrement=False),
            sa.Column("part", INTEGER, primary_key=True, autoincrement=False),
            sa.Column("outcome", TEXT, nullable=False),
            sa.Column("entity", TEXT, nullable=False),
            sa.Column("record_id", INTEGER),
            sa.Column("version", INTEGER),
            sa.Column("present", INTEGER),
            sa.Column("key", TEXT),
            sa.Column("problems", TEXT),
        )
        rows = self.imported_row.c
        index("import_row_record", rows.import_id, rows.entity, rows.record_id)
        keyed = rows.key.is_not(None)
        index("import_row_key", rows.import_id, rows.entity, rows.key, sqlite_where=keyed, postgresql_where=keyed)

    @property
    def all(self) -> tuple[sa.Table, ...]:
        """All of them."""
        return tuple(each for each in vars(self).values() if isinstance(each, sa.Table))


def record_columns() -> tuple[sa.Column[object], sa.Column[object]]:
    """Return the two columns that say which record a row belongs to."""
    return sa.Column("entity", TEXT, nullable=False), sa.Column("record_id", INTEGER, nullable=False)
