"""Sessions used in a way that they can't be."""

from __future__ import annotations

from attrs import define

from crmkit.errors.root import CRMKitError
from crmkit.translation import _


class SessionError(CRMKitError):
    """A session is used in a way that it can't be."""


@define(kw_only=True, eq=False)
class UnknownActorError(SessionError):
    """The actor of a session is not a known, active user."""

    actor: str

    @property
    def message(self) -> str:
        """Name the actor."""
        return _(
            "There is no active user {actor!r}. Create one (external_id={actor!r}), or make the first one "
            "with crm.upgrade(admin={actor!r}).",
            actor=self.actor,
        )


class SessionClosedError(SessionError):
    """A session is used outside its `with` block."""

    @property
    def message(self) -> str:
        """Say how a session is used."""
        return _("This session is not open. Use it inside `with crm.session(actor=...) as session:`.")


class SessionDoomedError(SessionError):
    """A command failed after it had begun to write, so this transaction can only be rolled back."""

    @property
    def message(self) -> str:
        """Say what to do."""
        return _(
            "A command of this session failed after it had begun to write; nothing of it is kept. Start a new session."
        )


class FieldsMovedError(SessionError):
    """Custom fields were promoted or purged after the session was opened; nothing was written."""

    @property
    def message(self) -> str:
        """Say what to do."""
        return _("Custom fields were promoted or purged after this session was opened. Open another one.")


class ReadOnlyError(SessionError):
    """A write is tried in a read-only session."""

    @property
    def message(self) -> str:
        """Say what to do."""
        return _("This session is read-only. Open one without readonly=True to write.")


@define(kw_only=True, eq=False)
class KeyReusedError(SessionError):
    """An idempotency key comes back with another command."""

    key: str

    @property
    def message(self) -> str:
        """Name the key."""
        return _("The idempotency key {key!r} was used before for a different command. Use a new key.", key=self.key)


@define(kw_only=True, eq=False)
class LeaseLostError(SessionError):
    """Work took so long that it was free for others before it was done; what it wrote is not kept."""

    work: int
    consumer: str

    @property
    def message(self) -> str:
        """Name the work."""
        return _(
            "Work {work} of {consumer} is no longer held: it took longer than its lease, and somebody else may do it. "
            "Nothing was kept.",
            work=self.work,
            consumer=self.consumer,
        )


@define(kw_only=True, eq=False)
class GivenUpError(CRMKitError):
    """Raised by handlers and jobs: trying again makes no sense, so the work is a dead letter at once."""

    problem: str

    @property
    def message(self) -> str:
        """Say why."""
        return self.problem


class AccessNotRecordedError(SessionError):
    """Sensitive values were read, and that they were could not be written into the audit trail."""

    @property
    def message(self) -> str:
        """Say what it means."""
        return _("Sensitive data can't be shown now, as the audit trail can't be written. Try again later.")
