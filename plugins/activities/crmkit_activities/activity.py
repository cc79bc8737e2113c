"""The entity `activity`, the one base of all kinds, and who takes part in one."""

from __future__ import annotations

from datetime import date as Date  # noqa: N812  (read off the annotations)
from datetime import datetime as Moment  # noqa: N812

from crmkit import Choice, Contact, Customer, Event, Record, Ref, Rule, Staged, Unique, User, record
from crmkit.core.declare import fields as f
from crmkit.translation import _

CHANNELS = (
    "phone",
    Choice("email", _("E-mail")),
    "fax",
    "in_person",
    "letter",
    Choice("sms", _("Text message")),
    "chat",
    Choice("wechat", "WeChat"),
    "social_media",
    "website",
    "exhibition",
    "shop",
    "service",
    "other",
)
OUTCOMES = (
    "reached",
    "held",
    "no_answer",
    "busy",
    "left_message",
    "wrong_number",
    "no_show",
    Choice("declined", _("Not interested")),
    "other",
)
PRIORITIES = ("low", "normal", "high", "urgent")


@record(owner="owner", title="subject", plural="Activities", readers="activity_participant.person")
class Activity(Staged):
    """Something that is to be done or was done: a call, a meeting, an e-mail, a task. All moments are in UTC."""

    subject: str = f.text(search=True, privacy="personal")
    kind: str = f.choice(index=True, help="What it is; each kind has fields of its own and a rule for being done.")
    owner: Ref[User] | None = f.ref(help="Who does it.")
    about: Ref[object] | None = f.any_ref(person="mentions", help="The record that it is about, of any entity.")
    customer: Ref[Customer] | None = f.ref(person="about")
    contact: Ref[Contact] | None = f.ref(person="about")
    priority: str = f.choice(*PRIORITIES, default="normal", index=True)
    due: Date | None = f.date(index=True, help="The last day on which it is done in time, in the home time zone.")
    planned_start: Moment | None = f.datetime(index=True)
    planned_end: Moment | None = f.datetime()
    started_at: Moment | None = f.datetime()
    ended_at: Moment | None = f.datetime(index=True, help="When it was over; the moment at which the contact was.")
    done_at: Moment | None = f.datetime(index=True, help="When it was said to be done; set by itself.")
    location: str | None = f.text(privacy="personal")
    phone_number: str | None = f.phone(privacy="personal")
    email_address: str | None = f.email(privacy="personal")
    fax_number: str | None = f.phone(privacy="personal")
    pages: int | None = f.integer(min=1)
    direction: str | None = f.choice("inbound", "outbound", index=True, help="Who began: they, or we.")
    channel: str | None = f.choice(*CHANNELS, index=True, help="By which way; follows from the kind if not given.")
    outcome: str | None = f.choice(*OUTCOMES, index=True)
    campaign: str | None = f.text(index=True, help="The name of the campaign that it belongs to.")
    actor: Ref[object] | None = f.any_ref("user", "contact", "customer", person="mentions", help="Who acted.")
    need: str | None = f.long_text(search=True, privacy="personal", label="Expressed need")
    description: str | None = f.long_text(search=True, privacy="personal")
    delegated_by: Ref[User] | None = f.locked(f.ref(help="Who gave it to its owner; set by itself."))
    delegated_before: object | None = f.locked(
        f.json(help="The ids of the users who gave it on, one to the next, before; set by itself.")
    )
    recurrence: str | None = f.text(max=500, help="How it recurs, as an RRULE of RFC 5545: FREQ=WEEKLY;BYDAY=MO.")
    recurs_from: Date | None = f.date(help="The day on which the series was due first; set by itself.")
    repeat_of: Ref[Activity] | None = f.ref(unique=True, help="The one before it, of a task that recurs.")
    follow_up_of: Ref[Activity] | None = f.ref(help="The activity from which it follows.")
    stage_then: str | None = f.text(
        max=83,
        label="Stage at that time",
        help="Pipeline and stage in which what a contact was about, or else the customer, was; set by itself.",
    )
    tags: tuple[str, ...] | None = f.tags(search=True, privacy="personal")


@record(title="role")
class ActivityParticipant(Record):
    """Somebody who takes part in an activity."""

    activity: Ref[Activity] = f.ref(part_of=True)
    person: Ref[object] = f.any_ref("user", "contact", "customer", person="mentions")
    role: str = f.choice("host", "participant", "observer", default="participant")


DECLARATIONS = (
    Activity,
    ActivityParticipant,
    Rule(
        name="planned_end_after_start",
        entity="activity",
        when="planned_end < planned_start",
        message=_("It is planned to end before it begins."),
        path="planned_end",
    ),
    Rule(
        name="ended_after_start",
        entity="activity",
        when="ended_at < started_at",
        message=_("It ended before it began."),
        path="ended_at",
    ),
    Unique(
        entity="activity_participant",
        fields=("activity", "person"),
        message=_("This person takes part already."),
        on_merge="drop",
    ),
    Event(name="activity.completed", entity="activity", help=_("An activity was done, or came in done.")),
)
