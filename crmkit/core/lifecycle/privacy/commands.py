"""The commands of a session about persons and their privacy."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from crmkit.core.lifecycle.merging.commands import Merging
from crmkit.core.lifecycle.privacy import disclosing, erasing, planning, secrets

if TYPE_CHECKING:
    from crmkit.core.declare.records import Record
    from crmkit.core.declare.values import Ref
    from crmkit.core.lifecycle.privacy.planning import ErasurePlan
    from crmkit.core.lifecycle.session import Session


class Protecting(Merging):
    """The part of a session that keeps persons' rights."""

    def secret(self, record: Record, field: str, /, *, reason: str = "") -> object:
        """Return the value of a secret field, and note in the audit trail that it was read: for programs only.

        Raises:
            AccessDeniedError: if the session is neither the system's nor `elevated`.
            ReadOnlyError: in a readonly session, which can note nothing.
        """
        return secrets.secret(cast("Session", self), record, field, reason=reason)

    def disclose(self, person: Record | Ref[object], /, *, reason: str = "") -> dict[str, object]:
        """Return all that is known about a person as JSON, and note in the audit trail that it was told.

        The person, what was merged into it, its parts and what is about it, deleted ones included, with every field,
        its label and its class; who changed and who saw what, when (UTC); stages, shares, links and imports; and which
        records mention it. Secrets are named, and not told. Fields that the actor may not see are told, too.

        Raises:
            AccessDeniedError: if none of the actor's roles is for privacy (`Role.privacy`).
            NotFoundError, Refused: as `erasure_plan`.
            ReadOnlyError: in a readonly session, which can note nothing.
        """
        return disclosing.disclose(cast("Session", self), person, reason=reason)

    def erasure_plan(self, person: Record | Ref[object], /) -> ErasurePlan:
        """Return what an erasure of a person would blank, delete and keep, and why.

        Raises:
            AccessDeniedError: if none of the actor's roles is for privacy (`Role.privacy`).
            NotFoundError: if there is no such person, deleted or not, that the actor may see.
            Refused: if records of its entity are no persons.
        """
        return planning.erasure_plan(cast("Session", self), person)

    def erase(self, person: Record | Ref[object], /, *, reason: str) -> ErasurePlan:
        """Erase a person with all that is personal about it, and return what was done. There is no way back.

        Orders, opportunities and other records about the person keep amounts, days, stages, references and versions,
        so that books and statistics stay as they were. The audit trail keeps who erased whom when, and the reason,
        which should name nobody.

        Raises:
            AccessDeniedError, NotFoundError: as `erasure_plan`.
            Refused: if the plan has problems, or no reason is given.
        """
        return erasing.erase(cast("Session", self), person, reason=reason)
