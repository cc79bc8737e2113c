"""The outbox: what is to be done about events, and the jobs that are due."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.storage.column_types import INTEGER, MOMENT, TEXT
from crmkit.core.storage.system.making import number_column

if TYPE_CHECKING:
    from crmkit.core.storage.system.making import TableMaker

WAITING, DONE, DEAD = "waiting", "done", "dead"
"""The states of a piece of work. One that waits and is leased is being done."""


class OutboxTables:
    """The outbox, beside the table of events.

    Attributes:
        work: one row for every event and handler, and for every run of a job. `occasion` says what for, once for each
            consumer; `wanted_at` is the moment that it is for, `due_at` that of the next try; `fence` is a new random
            text with every lease.
        consumer: what is remembered of a handler, job or webhook as a whole: up to when its schedule was followed,
            since when all that it was given failed.
        event_epoch: a random text for the ids of the events from a number on; a restore begins a new one.
    """

    work: sa.Table
    consumer: sa.Table
    event_epoch: sa.Table

    def add_outbox(self, make: TableMaker) -> None:
        """Make the tables."""
        self.work = make.table(
            "work",
            number_column(),
            sa.Column("consumer", TEXT, nullable=False),
            sa.Column("occasion", TEXT, nullable=False),
            sa.Column("event_id", INTEGER),
            sa.Column("entity", TEXT),
            sa.Column("record_id", INTEGER),
            sa.Column("parameters", TEXT),
            sa.Column("state", TEXT, nullable=False),
            sa.Column("wanted_at", MOMENT, nullable=False),
            sa.Column("due_at", MOMENT, nullable=False),
            sa.Column("tries", INTEGER, nullable=False),
            sa.Column("crashes", INTEGER, nullable=False),
            sa.Column("fence", TEXT),
            sa.Column("leased_until", MOMENT),
            sa.Column("finished_at", MOMENT),
            sa.Column("problem", TEXT),
        )
        of = self.work.c
        make.index("work_occasion", of.consumer, of.occasion, unique=True)
        waiting = of.state == WAITING
        make.index("work_due", of.crashes, of.due_at, of.id, sqlite_where=waiting, postgresql_where=waiting)
        columns = (of.consumer, of.entity, of.record_id, of.event_id)
        make.index("work_record", *columns, sqlite_where=waiting, postgresql_where=waiting)
        self.consumer = make.table(
            "consumer",
            sa.Column("name", TEXT, primary_key=True),
            sa.Column("scheduled_until", MOMENT),
            sa.Column("failures", INTEGER, nullable=False),
            sa.Column("failing_since", MOMENT),
            sa.Column("resting_until", MOMENT),
        )
        self.event_epoch = make.table(
            "event_epoch",
            sa.Column("first_event", INTEGER, primary_key=True, autoincrement=False),
            sa.Column("token", TEXT, nullable=False),
        )
