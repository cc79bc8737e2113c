"""The commands of a session by which users are told something, and read what they were told."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit.core.declare.values import Ref
from crmkit.core.lifecycle.explaining import principal_of
from crmkit.core.lifecycle.notices.telling import Telling, notify
from crmkit.core.lifecycle.privacy.commands import Protecting
from crmkit.core.lifecycle.questions import Questions
from crmkit.core.nouns.notices import Notice
from crmkit.errors import AccessDeniedError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.reading.page import Page

MINE = "recipient == me()"
UNREAD = f"{MINE} and read_at is None"


class Notifying(Protecting):
    """The part of a session that tells users something."""

    def notify(
        self,
        to: Record | Ref[object] | Iterable[Record | Ref[object]],
        text: str,
        /,
        *,
        about: Record | Ref[object] | None = None,
        kind: str = "notice",
        key: str | None = None,
        without: Iterable[int | None] = (),
    ) -> int:
        """Tell users something, and return how many were told: for programs and plugins.

        Never told are the actor, those in `without` (references or ids), who is inactive, and who was told by this key.
        Without a key, it is told once of this kind about this version of a record, and each time about anything else.
        The text, made with `_()`, is all that a recipient sees, whatever it may read: quote nothing more than that.

        Raises:
            Refused: if somebody named is no user.
        """
        told = Telling(to=to, text=text, about=about, kind=kind, key=key, without=without)
        return notify(cast("Session", self), [told])

    def notify_many(self, notices: Iterable[Mapping[str, object]], /) -> int:
        """Tell users different things in few statements: each a mapping with what `notify` takes, `to` and `text`.

        Raises:
            Refused: if somebody named is no user.
        """
        return notify(cast("Session", self), [Telling(**each) for each in notices])  # type: ignore[arg-type]

    def seen_by(self, user: Record | Ref[object], /) -> Questions:
        """Return what asks in this transaction with the reach of a user: for programs and plugins.

        Raises:
            AccessDeniedError: if the session has no system reach.
            NotFoundError: if there is no such user.
        """
        if not self.principal.reaches_all:
            raise AccessDeniedError(action=_("ask as"), entity="user", actor=self.principal.name)
        principal = principal_of(cast("Session", self), int(user if isinstance(user, Ref) else user.ref))
        return Questions(self.model, self.tables, self.unit, principal, self.statements)

    def notices(self, *, unread: bool = False, limit: int | None = None, after: str | None = None) -> Page[Notice]:
        """Return what the actor was told, the latest first, if wished only what is unread; nothing for the system."""
        return self.find(Notice, UNREAD if unread else MINE, order="-created_at, -id", limit=limit, after=after)

    def mark_read(self, *notices: Record) -> int:
        """Note that the actor has read some notices, or all if none is given, and return how many were unread.

        Raises:
            NotFoundError: if one is somebody else's.
        """
        session = cast("Session", self)
        unread = [each for each in notices or self.notices(unread=True) if getattr(each, "read_at", None) is None]
        return len(session.update_many((each, {"read_at": session.unit.now}) for each in unread))
