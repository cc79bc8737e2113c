"""The unit of work: one connection, one transaction, and what the commands of a session share."""

from __future__ import annotations

from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attrs import define, field
from sqlalchemy.exc import DBAPIError, OperationalError

from crmkit.core.storage.engine import DEFERRED
from crmkit.errors import DatabaseBusyError, ReadOnlyError, SessionClosedError, SessionDoomedError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
    from datetime import datetime

    import sqlalchemy as sa

    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.cautions import Caution
    from crmkit.core.lifecycle.drafts import Draft
    from crmkit.core.lifecycle.duplicates.finding import Suspicion
    from crmkit.core.storage.ids import Ids
    from crmkit.core.storage.statistics import Statistics

FEW = 2


@define(eq=False)
class Unit:
    """One transaction.

    On SQLite, reads before the first write run in autocommit, and the first write begins with `BEGIN IMMEDIATE`. In a
    host's transaction every command runs in a savepoint, and nothing is ever committed or rolled back beyond it.

    Attributes:
        now: the moment of the running command, UTC.
        latest: the records that this transaction has changed, by entity and id, with the version it began from.
        included: records that were fetched along with others, by reach as `known`, until the next write.
        known: records that are known to be seen, by whether it is with system reach, entity and id.
        depth: how many commands are running, each within the one before.
        written: how many rows this transaction has touched.
        warnings: the records that were written although they look like others.
        cautions: what else the session was told about records that it has written.
        doomed: whether a command failed after it had begun to write.
        is_maintaining: whether the way in which the database keeps custom fields is changed along with what is written.
        before_writing: what is done once, when the transaction begins to write; what it raises dooms the session.
        shown: the sensitive values that were shown, by moment, entity and fields: the ids of the records.
        reason: why the actor does all this, for the audit trail.
        remembered: what plugins have read once for this transaction.
        occasions: what running commands of plugins tell their hooks, by class.
    """

    connection: sa.Connection
    clock: Callable[[], datetime]
    ids: Ids
    statistics: Statistics
    is_hosted: bool = False
    is_readonly: bool = False
    is_open: bool = True
    is_writing: bool = False
    doomed: bool = False
    is_maintaining: bool = False
    before_writing: Callable[[], None] | None = None
    written: int = 0
    depth: int = 0
    now: datetime = field(init=False)
    latest: dict[tuple[str, int], tuple[int, Record]] = field(factory=dict, init=False)
    taken: dict[str, deque[int]] = field(factory=dict, init=False)
    ordinals: dict[tuple[str, int, int], int] = field(factory=dict, init=False)
    included: dict[tuple[bool, str, int], Record] = field(factory=dict, init=False)
    known: set[tuple[bool, str, int]] = field(factory=set, init=False)
    running: list[str] = field(factory=list, init=False)
    warnings: list[Suspicion] = field(factory=list, init=False)
    cautions: list[Caution] = field(factory=list, init=False)
    shown: dict[tuple[datetime, str, tuple[str, ...]], set[int]] = field(factory=dict, init=False)
    reason: str = field(default="", init=False)
    remembered: dict[Hashable, object] = field(factory=dict, init=False)
    occasions: dict[type, object] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.now = self.clock()

    def check_readable(self) -> None:
        """Refuse commands on a closed or doomed session."""
        if not self.is_open:
            raise SessionClosedError
        if self.doomed:
            raise SessionDoomedError
        if not self.depth:
            self.now = self.clock()

    def check_writable(self) -> None:
        """Refuse writes where they can't be, and begin the writing transaction.

        Raises:
            DatabaseBusyError: if another program keeps a SQLite file locked for longer than a writer waits.
        """
        self.check_readable()
        if self.is_readonly:
            raise ReadOnlyError
        self.included.clear()
        if not self.is_writing and not self.is_hosted and self.connection.dialect.name == "sqlite":
            try:
                self.connection.exec_driver_sql("BEGIN IMMEDIATE")
            except OperationalError as error:
                raise DatabaseBusyError from error
        if not self.is_writing:
            self.is_writing = True
            self._begin_writing()

    def _begin_writing(self) -> None:
        if self.before_writing is not None:
            try:
                self.before_writing()
            except BaseException:
                self.doomed = True
                raise

    def finish(self, *, failed: bool) -> None:
        """End the transaction: commit it, or roll it back if it failed.

        Raises:
            SessionDoomedError: if a command had failed midway and the caller went on regardless; nothing is kept.
        """
        self.is_open = False
        if self.is_hosted:
            return
        try:
            if failed or self.doomed:
                self.connection.rollback()
            else:
                self.connection.commit()
                self.ids.keep(self.taken)
                self.statistics.note(self.connection, self.written)
        finally:
            self.connection.close()
        if self.doomed and not failed:
            raise SessionDoomedError

    @contextmanager
    def command(self, *, writes_much: bool) -> Iterator[None]:
        """Run one command: undone alone where a savepoint is due, else dooming the session if it breaks midway.

        Nothing is doomed by a refusal that comes before the first write; `wrote` marks that point.
        """
        self.check_writable()
        self.depth += 1
        written = self.written
        try:
            if self.is_hosted or writes_much:
                with self.savepoint():
                    yield
            else:
                yield
        except BaseException:
            self.doomed = self.doomed or self.written != written
            raise
        finally:
            self.depth -= 1

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what is inside if it breaks: its rows, and what this unit remembers of them.

        Ids from blocks that were taken inside are forgotten: on SQLite they are free again for others.

        Raises:
            SessionDoomedError: if a command inside broke midway and a plugin went on regardless.
        """
        before = dict(self.latest), set(self.known), dict(self.ordinals), self.written, self.doomed
        warned, cautioned = len(self.warnings), len(self.cautions)
        taken = {entity: deque(ids) for entity, ids in self.taken.items()}
        try:
            with self.connection.begin_nested():
                yield
                self.check_readable()
        except BaseException:
            self.latest, self.known, self.ordinals, self.written, self.doomed = before
            del self.warnings[warned:]
            del self.cautions[cautioned:]
            self.taken = taken
            self.remembered.clear()
            raise

    @contextmanager
    def writing_after(self, drafts: Iterable[Draft]) -> Iterator[None]:
        """Write drafts: in a savepoint if any has something written before it, as it may still be refused then."""
        if any(draft.preparations for draft in drafts):
            with self.savepoint():
                yield
            return
        with self.writing():
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Doom the session if what is inside breaks after a write; a savepoint around it takes the doom away again.

        A conflict or a refusal of the very statement that would have written leaves nothing behind.
        """
        written = self.written
        try:
            yield
        except BaseException as error:
            if self.written != written or isinstance(error.__cause__, DBAPIError) or isinstance(error, DBAPIError):
                self.doomed = True
            raise

    def execute(self, statement: str, row: Sequence[object]) -> int:
        """Run a prepared statement and return how many rows it touched."""
        touched = self.connection.exec_driver_sql(statement, tuple(row)).rowcount
        self.written += touched
        return touched

    def execute_many(self, statement: str, rows: Sequence[Sequence[object]]) -> int:
        """Run a prepared statement for every row and return how many rows it touched."""
        if len(rows) < FEW:
            return sum(self.execute(statement, row) for row in rows)
        touched = self.connection.exec_driver_sql(statement, [tuple(row) for row in rows]).rowcount
        self.written += touched
        return touched

    def next_ordinal(self, entity: str, record: int, version: int) -> int:
        """Return the place of the next event of one version of a record, counted from 0."""
        key = (entity, record, version)
        found = self.ordinals.get(key, 0)
        self.ordinals[key] = found + 1
        return found


def begin(engine: sa.Engine, *, readonly: bool) -> sa.Connection:
    """Connect for a unit of work; a read-only one sees one snapshot throughout.

    Raises:
        sqlalchemy.exc.OperationalError: if the database can't be reached.
    """
    connection = engine.connect()
    if connection.dialect.name == "sqlite":
        connection = connection.execution_options(**{DEFERRED: True})
        if readonly:
            connection.exec_driver_sql("BEGIN")
    elif readonly:
        connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return connection
