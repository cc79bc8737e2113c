"""Telling: notices are written, one for each recipient and key, and sent on their way."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from crmkit.core.declare.channels import Channel
from crmkit.core.declare.names import check_name
from crmkit.core.declare.records import Record
from crmkit.core.declare.values import Ref
from crmkit.core.lifecycle.enqueuing import enqueue_many
from crmkit.core.lifecycle.notices.preferences import preferences_of
from crmkit.core.nouns.notices import Notice, json_of
from crmkit.core.nouns.people import User
from crmkit.core.reading.reports.running import function_of
from crmkit.errors import Refusal, Refused
from crmkit.translation import Text, _

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmkit.core.lifecycle.session import Session

    Recipients = Record | Ref[object] | Iterable[Record | Ref[object]]

JOB = "send_notice"
TRIES = 5
"""So often it is looked anew who was told by others at this very moment."""
AT_ONCE = 5000
"""So many recipients are asked for in one statement."""


def notify(
    session: Session,
    to: Recipients,
    text: str,
    *,
    about: Record | Ref[object] | None,
    kind: str,
    key: str | None,
    without: Iterable[int | None],
) -> int:
    """Tell users something, and return how many were told; see `Session.notify`."""
    check_name(kind, "notice")
    system = session.elevated
    left_out = {session.principal.user, *without}
    wanted = [each for each in numbers_of(to) if each not in left_out]
    chosen = key or key_of(kind, about)
    values: dict[str, object] = {
        "kind": kind,
        "text": session.model.languages.of(session.model.conventions.locale).say(text),
        "sentence": json_of(text) if isinstance(text, Text) else None,
        "about": about,
        "key": chosen,
    }
    with session.unit.command(writes_much=True):
        told: list[Notice] = []
        for start in range(0, len(wanted), AT_ONCE):
            told += written(system, wanted[start : start + AT_ONCE], values)
        if told:
            send_on(system, told)
    return len(told)


def numbers_of(to: Recipients) -> list[int]:
    """Return the ids of the users that are named, each once.

    Raises:
        Refused: if something is named that is no user.
    """
    listed = [to] if isinstance(to, (Record, Ref)) else list(to)
    refs = [each if isinstance(each, Ref) else each.ref for each in listed]
    others = sorted({each.entity for each in refs} - {"user"})
    if others:
        text = _("Notices are for users; this is a {entity}.", entity=others[0])
        raise Refused(entity="notice", refusals=(Refusal(path="recipient", text=text),))
    return list(dict.fromkeys(int(each) for each in refs))


def key_of(kind: str, about: Record | Ref[object] | None) -> str:
    """Return what a notice is told once for: this kind about this version of the record; else this very time."""
    if isinstance(about, Record):
        return f"{kind} {about.ref} version {about.version}"
    return f"{kind} {secrets.token_hex(8)}"


def written(session: Session, wanted: Sequence[int], values: dict[str, object]) -> list[Notice]:
    """Write notices for those who are active and were not told yet.

    Whoever tells the same at the same time is found out by the unique index; then it is looked again.
    """
    session.unit.check_writable()
    active = set(session.rows(User, ["id"], "id in given.ids and active", given={"ids": wanted}))
    for attempt in range(TRIES):
        known = told_already(session, wanted, str(values["key"]))
        rows = [{"recipient": each, **values} for each in wanted if (each,) in active and each not in known]
        try:
            return session.create_many(Notice, rows)
        except Refused as refused:
            if attempt == TRIES - 1 or not all("key" in each.path for each in refused.refusals):
                raise
    raise AssertionError(TRIES)


def told_already(session: Session, wanted: Sequence[int], key: str) -> set[int]:
    """Return those who were told, also if they have deleted their notice."""
    table, entity = session.tables["notice"], session.model.entities["notice"]
    field = entity.fields["key"]
    column = table.c[field.key_column or field.columns[0]]
    value = field.kind.key(key) if field.key_column else key
    recipient = table.c[entity.fields["recipient"].columns[0]]
    rows = session.unit.connection.execute(
        table.select().with_only_columns(recipient).where(column == value, recipient.in_(wanted))
    )
    return set(rows.scalars())


def send_on(session: Session, notices: Sequence[Notice]) -> None:
    """Have notices sent by the channels that are set up, to those who want them so and have an address there."""
    channels = [each for each, _plugin in session.model.of(Channel) if is_ready(session, each)]
    if not channels:
        return
    users = [int(each.recipient) for each in notices]
    preferences = preferences_of(session, users)
    addresses = dict[int, tuple[object, ...]]()
    for start in range(0, len(users), AT_ONCE):
        names = ["id", *(each.address for each in channels)]
        for number, *found in session.rows(User, names, "id in given.ids", given={"ids": users[start:][:AT_ONCE]}):
            addresses[int(str(number))] = tuple(found)
    runs = [
        (f"{notice.ref} {channel.name}", {"notice": notice.id, "channel": channel.name})
        for notice in notices
        for channel, address in zip(channels, addresses[int(notice.recipient)], strict=True)
        if address is not None and preferences.wants(int(notice.recipient), notice.kind, channel.name)
    ]
    enqueue_many(session, JOB, runs)


def is_ready(session: Session, channel: Channel) -> bool:
    """Return whether a channel is set up."""
    return channel.ready is None or bool(function_of(channel.ready)(session))
