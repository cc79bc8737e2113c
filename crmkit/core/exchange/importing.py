"""Importing: files into the database as a mapping says, resumable at any moment, row errors left out and listed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, evolve, field

from crmkit.core.exchange import bookkeeping, suspicions
from crmkit.core.exchange.batch import Batch
from crmkit.core.exchange.bookkeeping import Books, ImportedFile
from crmkit.core.exchange.error_files import write_error_files
from crmkit.core.exchange.errors import ChangedFilesError, ImportStateError
from crmkit.core.exchange.files import open_rows
from crmkit.core.exchange.mapping import Mapping
from crmkit.core.exchange.mapping_files import read_mapping
from crmkit.core.exchange.results import ImportResult
from crmkit.core.exchange.rounds import run_batch
from crmkit.core.exchange.rowmapping import MappedRow, RowMapper
from crmkit.core.exchange.sources import Source, find_sources
from crmkit.core.lifecycle.opening import current_model
from crmkit.errors import AccessDeniedError, UnknownNameError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from crmkit.app import CRM
    from crmkit.core.assemble.model import Model
    from crmkit.core.declare.access import Action
    from crmkit.core.declare.records import Record
    from crmkit.core.exchange.files import BadRow, SourceRow
    from crmkit.core.exchange.mapping import FileMapping
    from crmkit.core.exchange.matching import Key
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.reading.permission import System

    Progress = Callable[[int, float], None]

BATCH_ROWS = 1000
BATCH_CHARACTERS = 4 << 20
"""A batch ends when its cells hold this much, so that memory stays small whatever the cells hold."""


def run_import(
    crm: CRM,
    *,
    mapping: Path | Mapping,
    folder: Path | None = None,
    actor: str | Record | System,
    dry_run: bool = False,
    resume: bool | int | None = None,
    progress: Progress | None = None,
    errors: Path | None = None,
) -> ImportResult:
    """Import files as a mapping says.

    Every batch of rows is a transaction of its own, with the bookkeeping of its rows in it. An import that was
    interrupted is continued when the same mapping is imported again from the same files.

    Args:
        crm: where to.
        mapping: a TOML file, or a mapping that was read or generated.
        folder: where the files are; by default beside the mapping.
        actor: who imports; permission, guards, rules and the change log are as for any other command.
        dry_run: do everything in one transaction and roll it back.
        resume: the number of an import to be continued, True for the latest one that was interrupted if there is one
            (the default), or False to begin anew.
        progress: called after every batch with the number of rows done and the share of the whole, 0 to 1.
        errors: a folder for the rows that failed, one CSV per file, to be corrected and imported again by the same
            mapping with this folder.

    Raises:
        MappingError: if the mapping is wrong.
        UnfittingFilesError: if the files are; nothing was imported.
        ChangedFilesError: if an interrupted import would be continued with other files.
        AccessDeniedError: if the actor may not write any record of an entity.
    """
    model = current_model(crm)
    read = mapping if isinstance(mapping, Mapping) else read_mapping(Path(mapping), model)
    place = folder or (Path(mapping).parent if not isinstance(mapping, Mapping) else Path())
    sources = find_sources(read, place)
    run = Run(crm=crm, model=model, mapping=read, sources=sources, actor=actor, progress=progress, errors=errors)
    return run.try_out() if dry_run else run.carry_out(resume=resume)


class _RollBack(Exception):
    """Leaves the session of a dry run with its result, so that nothing of it is kept."""

    def __init__(self, result: ImportResult) -> None:
        super().__init__()
        self.result = result


@define(eq=False, kw_only=True)
class Run:
    """One call of `run_import`."""

    crm: CRM
    model: Model
    mapping: Mapping
    sources: list[Source]
    actor: str | Record | System
    progress: Progress | None
    errors: Path | None
    done: int = field(default=0, init=False)

    @property
    def files(self) -> list[ImportedFile]:
        """The files as they are kept in the books."""
        return [
            ImportedFile(name=each.name, entity=each.mapping.entity, digest=each.digest, rows=each.rows)
            for each in self.sources
        ]

    def carry_out(self, *, resume: bool | int | None) -> ImportResult:
        """Import batch by batch, each in a transaction."""
        number, resumed = self.crm.run(lambda session: self.begin(session, resume=resume), actor=self.actor)
        books = self.books(number)
        for file, source in enumerate(self.sources):
            self.import_file(file, source, lambda act: self.crm.run(act, actor=self.actor), books)
        self.crm.run(lambda session: books.finish(session, bookkeeping.DONE), actor=self.actor)
        with self.crm.session(actor=self.actor, readonly=True) as session:
            return self.result(session, books, resumed=resumed, dry_run=False)

    def try_out(self) -> ImportResult:
        """Import in one transaction and roll it back."""
        try:
            with self.crm.session(actor=self.actor) as session:
                books = self.books(self.begin(session, resume=False)[0])
                for file, source in enumerate(self.sources):
                    self.import_file(file, source, lambda act: act(session), books)
                raise _RollBack(self.result(session, books, resumed=False, dry_run=True))  # noqa: TRY301  (on purpose)
        except _RollBack as done:
            return done.result

    def books(self, number: int) -> Books:
        """Return the bookkeeping of an import."""
        return Books(number, frozenset(each.entity for each in self.mapping.files if each.remembers))

    def begin(self, session: Session, *, resume: bool | int | None) -> tuple[int, bool]:
        """Return the number of the import that is to be carried out, and whether it was begun before."""
        self.check_permission(session)
        session.serialise("imports")
        if isinstance(resume, int) and not isinstance(resume, bool):
            entry = bookkeeping.read_import(session, resume)
            if entry.state != bookkeeping.RUNNING:
                raise ImportStateError(id=entry.id, state=entry.state, wanted=bookkeeping.RUNNING)
            entries = [entry]
        else:
            found = [] if resume is False else bookkeeping.unfinished(session, self.mapping.digest)
            entries = [each for each in found if not each.is_worked_on]
        if entries:
            self.check_same(entries[0])
            bookkeeping.take_over(session, entries[0].id)
            return entries[0].id, True
        made = bookkeeping.begin_import(
            session, mapping=self.mapping.path, digest=self.mapping.digest, files=self.files
        )
        return made, False

    def check_permission(self, session: Session) -> None:
        """Refuse an actor who may write no record of an entity at all, before every row is refused one by one.

        Raises:
            AccessDeniedError: naming the entity.
        """
        for each in self.mapping.files:
            entity = self.model.entities[each.entity]
            actions: tuple[Action, ...] = ("create", "update")
            if each.mode in actions:
                actions = tuple(action for action in actions if action == each.mode)
            self.check_fields(session, each)
            may = session.principal.may
            if not may(entity, "import"):
                raise AccessDeniedError(action="import", entity=entity.name, actor=session.principal.name)
            if not any(may(entity, action) for action in actions):
                raise AccessDeniedError(action=actions[0], entity=entity.name, actor=session.principal.name)

    @staticmethod
    def check_fields(session: Session, mapped: FileMapping) -> None:
        """Refuse to set, or to look up records by, what the actor may not see, as if there were no such field.

        Raises:
            UnknownNameError: naming the field.
        """
        principal, entity = session.principal, session.model.entities[mapped.entity]
        set_only = mapped.fields - principal.rights.locked(entity)  # a secret may be written by who can't see it
        used = [(entity, name) for name in (*mapped.key, *(mapped.fields - set_only))]
        used += [(session.model.entities[each.entity], name) for each in mapped.lookups for name in each.by]
        for target, name in used:
            if not principal.sees(target, target.fields[name]):
                raise UnknownNameError(sort=_("field of {entity}", entity=target.name), name=name)

    def check_same(self, entry: bookkeeping.ImportEntry) -> None:
        """Refuse to continue an import with another mapping or with other files.

        Raises:
            ChangedFilesError: naming what changed.
        """
        changed = [] if entry.digest == self.mapping.digest else [self.mapping.path]
        now = {each.name: each for each in self.files}
        before = {each.name: each for each in entry.files}
        changed += [name for name in {**before, **now} if now.get(name) != before.get(name)]
        if changed or self.files != list(entry.files):
            raise ChangedFilesError(id=entry.id, changed=tuple(changed) or tuple(now))

    def import_file(
        self, file: int, source: Source, run: Callable[[Callable[[Session], int]], int], books: Books
    ) -> None:
        """Import what is not imported yet of one file."""
        work = FileWork(RowMapper(self.model, source.mapping), books, file)
        position = run(work.position)
        with open_rows(source.path, options=source.options) as rows:
            for batch in batches(rows):
                if batch[-1].number > position:
                    mapped = [work.mapper.map(row) for row in batch]
                    position = run(partial(work.import_batch, mapped))
                self.advance(len(batch))

    def advance(self, rows: int) -> None:
        """Say how far the import is."""
        self.done += rows
        if self.progress is not None:
            self.progress(self.done, min(1.0, self.done / max(1, sum(each.rows for each in self.sources))))

    def result(self, session: Session, books: Books, *, resumed: bool, dry_run: bool) -> ImportResult:
        """Return what became of the import, and write the files of failed rows."""
        session.unit.check_readable()
        files = books.results(session, self.files)
        if self.errors is not None and any(each.failed for each in files):
            written = write_error_files(session, books, self.sources, self.errors)
            files = tuple(evolve(each, errors=path) for each, path in zip(files, written, strict=True))
        problems = tuple(books.problems(session, self.files))
        return ImportResult(
            id=None if dry_run else books.id,
            files=files,
            problems=problems,
            suspicions=tuple(suspicions.suspicions(session, books, self.files)),
            dry_run=dry_run,
            resumed=resumed,
        )


@define(eq=False)
class FileWork:
    """What the batches of one file share.

    Attributes:
        file: the number of the file in the books.
        found: by field of a reference, the ids of records that were looked up.
    """

    mapper: RowMapper
    books: Books
    file: int
    found: dict[str, dict[Key, int]] = field(factory=dict)

    def position(self, session: Session) -> int:
        """Return the number of the last row that is in the books."""
        return self.books.position(session, self.file)

    def import_batch(self, rows: Sequence[MappedRow], session: Session) -> int:
        """Import the rows of a batch that are not in the books yet, and return the number of the last one."""
        # One import of an entity at a time, so that two of the same file don't both miss what the other creates.
        session.serialise(f"import {self.mapper.entity.name}")
        position = self.position(session)
        fresh = [untouched(row) for row in rows if row.number > position]
        if fresh:
            batch = Batch(session=session, mapper=self.mapper, books=self.books, file=self.file, found=self.found)
            before = len(session.identity.warnings)
            outcomes = run_batch(batch, fresh)
            suspicions.note(outcomes, session.identity.warnings[before:])
            self.books.write(session, self.file, outcomes)
        return max(position, rows[-1].number)


def untouched(row: MappedRow) -> MappedRow:
    """Return a row whose values can be worked on; a transaction that is run again begins with the row as it was."""
    return MappedRow(
        row.number,
        row.cells,
        dict(row.values),
        row.parts,
        {name: dict(texts) for name, texts in row.wanted.items()} if row.wanted else {},
        list(row.problems),
        row.source_id,
    )


def batches(rows: Iterable[SourceRow | BadRow]) -> Iterator[list[SourceRow | BadRow]]:
    """Yield the rows in batches of bounded number and size."""
    batch: list[SourceRow | BadRow] = []
    size = 0
    for row in rows:
        batch.append(row)
        cells = row[1].values() if isinstance(row[1], dict) else row[2]
        size += sum(map(len, filter(None, cells)))
        if len(batch) == BATCH_ROWS or size > BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
