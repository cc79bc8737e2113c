"""Persons: all that is known about one in a file, to be handed to that person."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from crmkit.core.exchange.files.targets import open_text

if TYPE_CHECKING:
    from crmkit.core.declare.records import Record
    from crmkit.core.declare.values import Ref
    from crmkit.core.exchange.files.targets import Target
    from crmkit.core.lifecycle.session import Session


def export_person(session: Session, person: Record | Ref[object], target: Target, /, *, reason: str = "") -> int:
    """Write all that is known about a person to a file or a stream as JSON, and return the number of records in it.

    See `session.disclose` for what is in it. A file appears only when all is written.

    Raises:
        AccessDeniedError, NotFoundError, Refused, ReadOnlyError: as `session.disclose`.
        FileError: if the file can't be written.
    """
    told = session.disclose(person, reason=reason)
    with open_text(target, encoding="utf-8") as file:
        json.dump(told, file, ensure_ascii=False, indent=2)
        file.write("\n")
    records = told["records"]
    assert isinstance(records, list)
    return len(records)
