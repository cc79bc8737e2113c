"""Results: what became of each record that somebody wanted to claim, to release or to move."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import frozen

from crmkit.translation import Text, _

if TYPE_CHECKING:
    from crmkit import Record, Ref

Reason = Literal[
    "already_claimed",
    "not_in_pool",
    "not_a_member",
    "pool_closed",
    "hold_limit",
    "claim_limit",
    "cooling_down",
    "not_allowed",
    "no_pool",
    "changed",
    "refused",
    "not_found",
]
TEXTS: dict[str, Text] = {
    "already_claimed": _("Somebody else has claimed it already."),
    "not_in_pool": _("It lies in no pool."),
    "not_a_member": _("You are no member of its pool."),
    "pool_closed": _("The pool is not active, or not for these records."),
    "hold_limit": _("You own as many as the pool allows. Release one first."),
    "claim_limit": _("You have claimed as many as the pool allows for now. Try again in the next period."),
    "cooling_down": _("You had it before, and the pool's cool-down has not passed yet."),
    "not_allowed": _("You may not do this. Ask who looks after the pool."),
    "no_pool": _("There is no pool that takes it. Name one."),
    "changed": _("Somebody else is changing it at this very moment. Try again."),
    "refused": _("It was refused."),
    "not_found": _("There is no such record."),
}


@frozen(kw_only=True)
class Claimed:
    """A record that was claimed, as it is now."""

    record: Record


@frozen(kw_only=True)
class Given:
    """A record that was released, assigned or moved, as it is now."""

    record: Record


@frozen(kw_only=True)
class NotGiven:
    """A record that stays as it was, and why.

    Attributes:
        reason: why, for programs.
        text: why, for people.
    """

    record: Ref[object]
    reason: Reason
    text: str


def not_given(record: Ref[object], reason: Reason, text: str = "") -> NotGiven:
    """Return that a record stays as it was."""
    return NotGiven(record=record, reason=reason, text=text or TEXTS[reason])
