"""Pools as records that an administrator edits: who takes part, what may be claimed, and when records return."""

from __future__ import annotations

import datetime as dt

from crmkit import Choice, Product, Record, Ref, Rule, Unique, User, record
from crmkit.core.declare import fields as f
from crmkit.core.declare.fields import locked
from crmkit.translation import _

RULES = (
    Choice("follow_up", _("No new follow-up")),
    Choice("opportunity", _("No new opportunity")),
    Choice("won", _("Not won")),
    Choice("date", _("A date has passed")),
)
ANY_KIND = "*"


@record
class Pool(Record):
    """A pool of records of one entity."""

    name: str = f.text(unique=True, search=True)
    entity: str = f.text(max=41, default="customer", index=True, help="The entity whose records lie in it.")
    active: bool = f.boolean(default=True)
    priority: int = f.integer(default=100, min=0, help="Of pools to which a record returns at once, the lowest counts.")
    claim_limit: int | None = f.integer(min=0, help="How many a member may claim in a period.")
    claim_period: str = f.choice("day", "week", "month", default="day")
    hold_limit: int | None = f.integer(min=0, help="How many records of the entity a member may own at once.")
    hold_spares_won: bool = f.boolean(
        default=False, label=_("Won ones don't count"), help="Whether won records don't count as owned."
    )
    cooldown: dt.timedelta | None = f.duration(
        label=_("Cool-down"), help="How long who owned a record before may not claim it again."
    )
    protection: dt.timedelta | None = f.duration(help="After how long a record returns unless it is followed up.")
    protection_max: dt.timedelta | None = f.duration(
        label=_("Longest protection"), help="After how long it returns in any case."
    )
    protection_spares_won: bool = f.boolean(
        default=True, label=_("Won ones stay protected"), help="Whether won records stay when the protection ends."
    )
    protection_spares_opportunities: bool = f.boolean(
        default=False,
        label=_("Ones with an open opportunity stay protected"),
        help="Whether records with an open opportunity stay when the protection ends.",
    )
    exempt_if: str | None = f.text(max=1000, help="A filter; records that meet it stay, whatever ends.")
    rules_active: bool = f.boolean(default=True, help="Whether records return by protection and rules.")
    rules_since: dt.datetime | None = locked(f.datetime(help="Since when they do."))
    working_days: bool = f.boolean(default=False, help="Whether the days of rules are working days.")
    target: Ref[Pool] | None = f.ref(label=_("Returns to"), help="The pool to which they return; this one, if empty.")
    remind_before: tuple[str, ...] | None = f.tags(help="How many days before it returns the owner is reminded.")
    along: tuple[str, ...] | None = f.tags(help="The entities whose records change their owner along: contact.")


@record(title="id")
class PoolMember(Record):
    """A user, or everybody of a team and the teams below it, who may claim from a pool and whose records return."""

    pool: Ref[Pool] = f.ref(part_of=True)
    member: Ref[object] = f.any_ref("user", "team", help="A user, or a team.")
    is_admin: bool = f.boolean(default=False, label=_("Administrator"), help="Whether they look after the pool.")
    hold_limit: int | None = f.integer(min=0, help="How many records they may own, if not as many as the pool says.")


@record(title="activity_kind")
class PoolExtension(Record):
    """By how much an activity of a kind extends the protection, counted from the activity."""

    pool: Ref[Pool] = f.ref(part_of=True)
    activity_kind: str = f.text(max=41, help="The kind of activity, * for all others.")
    extends: dt.timedelta = f.duration(label=_("Extends by"))


@record(title="kind")
class PoolRule(Record):
    """A rule by which records return: on the day after so many days have passed."""

    pool: Ref[Pool] = f.ref(part_of=True)
    kind: str = f.choice(*RULES)
    days: int = f.integer(min=0, max=36_500)
    level: str | None = f.text(max=41, help="Only records of this level.")
    product: Ref[Product] | None = f.ref(help="Only opportunities of this product count, or records that name it.")
    activity_kinds: tuple[str, ...] | None = f.tags(
        help="Only activities of these kinds are follow-ups: visit, call. Any are, if empty."
    )
    date_field: str | None = f.text(max=41, help="The date from which the days are counted, of rules by a date.")
    spares_won: bool = f.boolean(default=True, help="Whether won records stay.")
    spares_opportunities: bool = f.boolean(default=False, help="Whether records with an open opportunity stay.")
    exempt_if: str | None = f.text(max=1000, help="A filter; records that meet it stay.")


@record(title="day")
class PoolUse(Record):
    """How many records a member has claimed from a pool in a period."""

    pool: Ref[Pool] = f.ref(part_of=True)
    user: Ref[User] = f.ref()
    day: dt.date = f.date(help="The first day of the period.")
    claimed: int = locked(f.integer(min=0))


ENTITIES = (Pool, PoolMember, PoolExtension, PoolRule, PoolUse)
DECLARATIONS = (
    *ENTITIES,
    Unique(entity="pool_member", fields=("pool", "member"), message=_("It is a member already."), on_merge="drop"),
    Unique(entity="pool_extension", fields=("pool", "activity_kind"), message=_("The pool has this kind already.")),
    Unique(entity="pool_use", fields=("pool", "user", "day"), on_merge="drop"),
    Rule(
        name="protection_ends",
        entity="pool",
        when="protection_max < protection",
        message=_("The longest protection must not be shorter than the protection."),
        path="protection_max",
    ),
)
