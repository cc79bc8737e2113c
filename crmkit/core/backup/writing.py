"""Writing a backup: all tables as they were at one moment, while others go on writing."""

from __future__ import annotations

import hashlib
import os
import zipfile
from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.backup.contents import UNCOMPARED, Contents, contents_of, lines_of
from crmkit.core.backup.manifest import FORMAT, NAME, Manifest, TableEntry
from crmkit.core.lifecycle.opening import check_facts, connecting
from crmkit.core.lifecycle.unit import begin
from crmkit.core.storage.ids import sequence_of
from crmkit.core.storage.plugin_ledger import facts_of
from crmkit.errors import BackupError
from crmkit.translation import _
from crmkit.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crmkit.app import CRM

EPOCH = "restored"
"""The generation that counts how often the data were restored."""


def write_backup(crm: CRM, path: Path) -> Manifest:
    """Write a backup into a new file, and return its manifest.

    Raises:
        BackupError: if the file exists already, or can't be written.
        UpgradeNeeded: if the database does not match the plugins.
        ConnectionFailed: if the database can't be reached.
    """
    unfinished = path.with_name(f"{path.name}.part")
    if path.exists():
        raise BackupError(path=str(path), problem=_("there is such a file already; choose another name"))
    try:
        with connecting(crm.engine):
            connection = begin(crm.engine, readonly=True)
        try:
            check_facts(crm, connection)
            with zipfile.ZipFile(unfinished, "x", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
                manifest = fill(crm, connection, archive)
            with unfinished.open("rb") as written:
                os.fsync(written.fileno())
            unfinished.replace(path)
        finally:
            connection.close()
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise BackupError(path=str(path), problem=error.strerror or str(error)) from error
    return manifest


def fill(crm: CRM, connection: sa.Connection, archive: zipfile.ZipFile) -> Manifest:
    """Write all tables and the manifest."""
    entries = {}
    for contents in contents_of(connection, crm.tables):
        with archive.open(f"tables/{contents.name}.jsonl", "w", force_zip64=True) as file:
            digest, rows, size = hashlib.sha256(), 0, 0
            for line in lines_of(connection, contents, crm.tables):
                file.write(line)
                digest.update(line)
                rows, size = rows + 1, size + len(line)
        entries[contents.name] = TableEntry(
            columns=dict(contents.columns),
            key=contents.key,
            references=contents.references,
            rows=rows,
            bytes=size,
            sha256=digest.hexdigest(),
        )
    manifest = Manifest(
        format=FORMAT,
        crmkit=VERSION,
        at=crm.clock().isoformat(),
        database=connection.dialect.name,
        epoch=epoch_of(connection, crm),
        plugins={fact.name: (fact.version, fact.state) for fact in facts_of(connection, crm.tables).values()},
        sequences=dict(next_ids(connection, crm)),
        tables=entries,
    )
    archive.writestr(NAME, manifest.to_json())
    return manifest


def epoch_of(connection: sa.Connection, crm: CRM) -> int:
    """Return how often the data were restored."""
    generation = crm.tables.system.generation
    query = sa.select(generation.c.number).where(generation.c.topic == EPOCH)
    return connection.execute(query).scalar() or 0


def next_ids(connection: sa.Connection, crm: CRM) -> Iterator[tuple[str, int]]:
    """Yield the next id of every entity that has used one."""
    if connection.dialect.name == "sqlite":
        sequence = crm.tables.system.sequence
        for entity, number in connection.execute(sa.select(sequence.c.entity, sequence.c.next)):
            yield entity, number
        return
    for entity, table in crm.tables.entities.items():
        name = connection.dialect.identifier_preparer.format_sequence(sequence_of(table))
        last, is_called = connection.exec_driver_sql(f"SELECT last_value, is_called FROM {name}").one()  # noqa: S608
        if is_called or last > 1:
            yield entity, last + int(is_called)


def fingerprint(crm: CRM) -> dict[str, str]:
    """Return the SHA-256 of the rows of every table as a backup holds them, by the table's name without the prefix.

    Two databases with equal data have equal fingerprints, whichever kind they are.
    """
    with connecting(crm.engine):
        connection = begin(crm.engine, readonly=True)
    try:
        compared = [each for each in contents_of(connection, crm.tables) if each.name not in UNCOMPARED]
        return {each.name: digest_of(connection, crm, each) for each in compared}
    finally:
        connection.close()


def digest_of(connection: sa.Connection, crm: CRM, contents: Contents) -> str:
    """Return the SHA-256 of a table's rows."""
    digest = hashlib.sha256()
    for line in lines_of(connection, contents, crm.tables):
        digest.update(line)
    return digest.hexdigest()
