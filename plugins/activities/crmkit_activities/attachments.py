"""Attachments: files that belong to activities, memos, pages, or to any other record."""

from __future__ import annotations

from crmkit import File, Record, Ref, record
from crmkit.core.declare import fields as f


@record(title="description")
class Attachment(Record):
    """A file that belongs to a record, and is seen by whoever sees that."""

    record: Ref[object] = f.any_ref(part_of=True, help="The record that it belongs to, of any entity.")
    file: File = f.file(privacy="personal", search=True)
    description: str | None = f.text(search=True, privacy="personal")


DECLARATIONS = (Attachment,)
