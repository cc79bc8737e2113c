"""Origins: which row of which imported file a change of a record came from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import sqlalchemy as sa
from attrs import frozen

from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.lifecycle.session import Session


@frozen(kw_only=True)
class Origin:
    """A row of an imported file: the number of the import, the file's name, and the row, counted from 1."""

    import_id: int
    file: str
    row: int

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """The origin, as a text."""
        return _("import {id}: {file}, row {row}", id=self.import_id, file=self.file, row=self.row)


def origins(session: Session, entity: str, number: int) -> Mapping[int, Origin]:
    """Return where changes of a record came from, by the version that they made; a record begins with version 1."""
    imports, rows = session.tables.system.file_import.c, session.tables.system.imported_row.c
    query = (
        sa.select(rows.import_id, rows.file, rows.row, rows.version, rows.outcome, imports.files)
        .join_from(imports.id.table, rows.row.table, rows.import_id == imports.id)
        .where(rows.entity == entity, rows.record_id == number, rows.outcome.in_(("created", "updated")))
        .order_by(rows.import_id, rows.file, rows.row)
    )
    found: dict[int, Origin] = {}
    for row in session.unit.connection.execute(query):
        origin = Origin(import_id=row.import_id, file=json.loads(row.files)[row.file]["name"], row=row.row)
        found.setdefault(1 if row.outcome == "created" else row.version, origin)
    return found
