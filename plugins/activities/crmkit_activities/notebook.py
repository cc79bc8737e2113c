"""The notebook: pages of free text with tags, found by their words, linked to records, and kept in all versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from attrs import frozen

from crmkit import ProfileSection, Record, Ref, Unique, User, record
from crmkit.core.declare import fields as f
from crmkit.errors import NotFoundError
from crmkit.translation import _

if TYPE_CHECKING:
    from datetime import datetime

    from crmkit import Session

WRITTEN = ("title", "text", "tags")
"""What versions of a page differ in."""


@record(owner="owner", title="title")
class NotebookPage(Record):
    """A page of a notebook."""

    title: str = f.text(search=True, privacy="personal")
    text: str | None = f.long_text(search=True, privacy="personal")
    tags: tuple[str, ...] | None = f.tags(search=True, privacy="personal")
    owner: Ref[User] | None = f.ref()


@record(title="id")
class NotebookLink(Record):
    """A page of a notebook has to do with a record."""

    page: Ref[NotebookPage] = f.ref(part_of=True)
    record: Ref[object] = f.any_ref(person="about")


DECLARATIONS = (
    NotebookPage,
    NotebookLink,
    Unique(
        entity="notebook_link",
        fields=("page", "record"),
        message=_("The page is linked to this record already."),
        on_merge="drop",
    ),
    *(
        ProfileSection(
            name="notebook",
            label=_("Notebook"),
            of=entity,
            entity="notebook_link",
            through="record",
            fields=("page.title", "page.updated_at", "page.owner.name"),
            order="-page.updated_at",
            position=71,
        )
        for entity in ("customer", "contact", "opportunity", "order")
    ),
)


@frozen(kw_only=True)
class PageVersion:
    """A version of a page: its number, when and by whom it was written (None for the system), and what it said."""

    version: int
    at: datetime
    actor: int | None
    title: str
    text: str | None
    tags: tuple[str, ...]


def versions(session: Session, page: NotebookPage) -> list[PageVersion]:
    """Return all versions of a page that its writing differs in, the latest first.

    Raises:
        NotFoundError: if the actor doesn't see the page.
    """
    said: dict[str, object] = dict.fromkeys(WRITTEN)
    found: list[PageVersion] = []
    for entry in reversed(session.history(page)):
        new = {name: entry.new[name] for name in WRITTEN if name in (entry.new or {})}
        if new:
            said |= new
            found.append(
                PageVersion(
                    version=entry.version,
                    at=entry.at,
                    actor=entry.actor,
                    title=str(said["title"]),
                    text=cast("str | None", said["text"]),
                    tags=tuple(cast("list[str]", said["tags"]) or ()),
                )
            )
    return found[::-1]


def take_back(session: Session, page: NotebookPage, version: int) -> NotebookPage:
    """Write a page as it was in a version, which makes a new one, and return it.

    Raises:
        NotFoundError: if there is no such version.
        AccessDeniedError, ConflictError: as for any change of the page.
    """
    for each in versions(session, page):
        if each.version <= version:
            return session.update(page, title=each.title, text=each.text, tags=each.tags)
    raise NotFoundError(entity="notebook_page", id=f"{page.id} ({version})")
