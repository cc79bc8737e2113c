"""Groups: who is invited by a team or a role, from the start or since joining, and until leaving."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Ref, Team, User
from crmkit.translation import _
from crmkit_activities.events.event import CANCELLED, OFFERED, EventAttendee, EventGroup
from crmkit_activities.events.members import (
    number_of,
    parents_of,
    people_of_roles,
    people_of_teams,
    user_ref,
    with_those_above,
    with_those_below,
)
from crmkit_activities.referring import rows_referring

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from crmkit import Batch, Change, Record, Session
    from crmkit.core.lifecycle.drafts import Draft

OPEN = f"event.status != '{CANCELLED}' and (event.last_at is None or event.last_at > now())"
UNANSWERED = ("invited", OFFERED)


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse groups that are neither a team nor a role, or both, and roles that nobody declares."""
    for draft in drafts.of(EventGroup):
        team, role = draft.get("team"), draft.get("role")
        if (team is None) == (role is None):
            draft.refuse("team", _("Invite a team or a role, one of both."))
        if role is not None and role not in session.model.roles:
            known = ", ".join(session.model.roles)
            draft.refuse("role", _("There is no role {role!r}. There are: {known}.", role=role, known=known))


def invite_members(session: Session, groups: Sequence[Record]) -> None:
    """Invite those for whom groups stand, each once, in as few statements as for one."""
    of_teams = people_of_teams(session, {int(group.team) for group in groups if isinstance(group.team, Ref)})
    of_roles = people_of_roles(session, {str(group.role) for group in groups if group.team is None})
    events = {number_of(group.event) for group in groups}
    known = set(rows_referring(session, EventAttendee, ("event", "who"), "event", events))
    new: dict[tuple[object, Ref[object]], dict[str, object]] = {}
    for group in groups:
        people = of_teams[int(group.team)] if isinstance(group.team, Ref) else of_roles[str(group.role)]
        for who in people:
            if (group.event, who) not in known:
                values = {"event": group.event, "who": who, "through": group, "attendance": "invited"}
                new.setdefault((group.event, who), values)
    session.create_many(EventAttendee, new.values())


def follow_groups(session: Session, changes: Batch[Change]) -> None:
    """Invite those for whom groups stand that are new or others now, and take back what others haven't answered."""
    listed = list(changes.of(EventGroup))
    known = [change.before for change in listed if change.before is not None]
    if known:
        groups = {change.after.id: change.after for change in listed}
        open_ones = unanswered(session, known)
        people = session.by_id(session.model.entity(User), {number_of(each.who) for each in open_ones})
        parents = parents_of(session)
        for each in open_ones:
            group, user = groups[number_of(each.through)], people.get(number_of(each.who))
            if each.event != group.event or user is None or not stands_for(group, user, parents):
                session.delete(each)
    if listed:
        invite_members(session, [change.after for change in listed])


def unanswered(session: Session, groups: Iterable[Record]) -> list[EventAttendee]:
    """Return the open invitations by groups; those to changed occurrences of their events follow by themselves."""
    events = {group.id: group.event for group in groups}
    where = "through in given.groups and attendance in ('invited', 'offered')"
    found = session.find(EventAttendee, where, given={"groups": sorted(events)}) if events else ()
    return [each for each in found if each.event == events[number_of(each.through)]]


def changed_users(session: Session, changes: Batch[Change]) -> list[Record]:
    """Return the users whose teams or roles are others now, also as a team is below another one."""
    users = [
        change.after
        for change in changes.of(User)
        if change.before is None or change.changed & {"team", "roles", "active"}
    ]
    moved = [change.after.id for change in changes.of(Team) if change.before is not None and "parent" in change.changed]
    if moved:
        given = {"teams": sorted(with_those_below(parents_of(session), moved))}
        users += session.find(User, "team in given.teams", given=given)
    return users


def follow_users(session: Session, changes: Batch[Change]) -> None:
    """Offer those who join a team or get a role its open events, and take back what who leaves hasn't answered."""
    changed = changed_users(session, changes)
    if not changed:
        return
    groups = session.find(EventGroup, OPEN)
    if not groups:
        return
    parents = parents_of(session)
    people = {user_ref(user.id): user for user in changed}
    given = {"users": [int(each) for each in people], "events": sorted({number_of(each.event) for each in groups})}
    where = "who.entity == 'user' and who.id in given.users and event in given.events"
    attending = {(each.event, each.who): each for each in session.find(EventAttendee, where, given=given)}
    withdraw(session, attending.values(), groups, people, parents)
    offered: dict[tuple[object, Ref[object]], dict[str, object]] = {}
    for group in groups:
        for who, user in people.items():
            if stands_for(group, user, parents) and (group.event, who) not in attending:
                values = {"event": group.event, "who": who, "through": group, "attendance": OFFERED}
                offered.setdefault((group.event, who), values)
    session.create_many(EventAttendee, offered.values())


def withdraw(
    session: Session,
    attending: Iterable[Record],
    groups: Iterable[Record],
    people: Mapping[Ref[object], Record],
    parents: Mapping[int, int | None],
) -> None:
    """Take back the unanswered invitations of those for whom the group that invited them no longer stands."""
    by_id = {group.id: group for group in groups}
    for each in attending:
        group = by_id.get(int(each.through)) if isinstance(each.through, Ref) else None
        user = people[each.who]  # type: ignore[index]
        if group is not None and each.attendance in UNANSWERED and not stands_for(group, user, parents):
            session.delete(each)


def stands_for(group: Record, user: Record, parents: Mapping[int, int | None]) -> bool:
    """Return whether a team or role that is invited stands for a user."""
    if not user.active:
        return False
    if isinstance(group.team, Ref):
        return int(group.team) in with_those_above(parents, user.team)
    return group.role in (user.roles or ())  # type: ignore[operator]


def take_back(session: Session, changes: Batch[Change]) -> None:
    """Take back the unanswered invitations of a team or role that is no longer invited."""
    for each in unanswered(session, (change.after for change in changes.of(EventGroup))):
        session.delete(each)
