"""What the plugin refuses, each with a class of its own."""

from __future__ import annotations

from crmkit.errors import CommandError, Refused
from crmkit.translation import _


class NotSubmittableError(Refused):
    """The record can't be submitted: no flow fits it, it is being approved already, or nobody can approve it."""


class NotDecidableError(Refused):
    """The request can't be decided by this actor at present: it is closed, or somebody else's turn."""


class NotRecallableError(Refused):
    """The request can't be recalled by this actor: it is closed, or somebody else's."""


class NotReviewableError(Refused):
    """The record can't be submitted or reviewed by this actor at present."""


class NoUserError(CommandError):
    """A program that acts for nobody can't submit, decide or review: what is decided is a person's decision."""

    @property
    def message(self) -> str:
        """Say what to do."""
        return _("This takes a person. Open the session as a user, not as the system.")
