"""Telling: notices are written, one for each recipient and key, and sent on their way."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from attrs import frozen

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
    from crmkit.translation.languages import Language

    Recipients = Record | Ref[object] | Iterable[Record | Ref[object]]

JOB = "send_notice"
TRIES = 5
"""So often it is looked anew who was told by others at this very moment."""
AT_ONCE = 5000
"""So many recipients are asked for in one statement."""


@frozen(kw_only=True)
class Telling:
    """Something that users are to be told; see `Session.notify`."""

    to: Recipients
    text: str
    about: Record | Ref[object] | None = None
    kind: str = "notice"
    key: str | None = None
    without: Iterable[int | None] = ()


def notify(session: Session, tellings: Iterable[Telling]) -> int:
    """Tell users things, and return how many notices there are now; see `Session.notify`."""
    system, actor = session.elevated, session.principal.user
    language = session.model.languages.of(session.model.conventions.locale)
    rows = [row for each in tellings for row in rows_of(language, each, {actor, *each.without})]
    with session.unit.command(writes_much=True):
        told: list[Notice] = []
        for start in range(0, len(rows), AT_ONCE):
            told += written(system, rows[start : start + AT_ONCE])
        if told:
            send_on(system, told)
    return len(told)


def rows_of(language: Language, telling: Telling, left_out: set[int | None]) -> list[dict[str, object]]:
    """Return the notices that something makes, for everybody who is named."""
    values = {
        "kind": check_name(telling.kind, "notice"),
        "text": language.say(telling.text),
        "sentence": json_of(telling.text) if isinstance(telling.text, Text) else None,
        "about": telling.about,
        "key": telling.key or key_of(telling.kind, telling.about),
    }
    return [{"recipient": each, **values} for each in numbers_of(telling.to) if each not in left_out]


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


def written(session: Session, rows: Sequence[dict[str, object]]) -> list[Notice]:
    """Write notices for those who are active and were not told yet.

    Whoever tells the same at the same time is found out by the unique index; then it is looked again.
    """
    session.unit.check_writable()
    users = {row["recipient"] for row in rows}
    active = {each for (each,) in session.rows(User, ["id"], "id in given.ids and active", given={"ids": list(users)})}
    wanted: dict[tuple[object, str], dict[str, object]] = {}
    for row in rows:
        if row["recipient"] in active:
            wanted.setdefault((row["recipient"], str(row["key"])), row)
    for attempt in range(TRIES):
        known = told_already(session, wanted)
        try:
            return session.create_many(Notice, [row for pair, row in wanted.items() if pair not in known])
        except Refused as refused:
            if attempt == TRIES - 1 or not all("key" in each.path for each in refused.refusals):
                raise
    raise AssertionError(TRIES)


def told_already(session: Session, wanted: Iterable[tuple[object, str]]) -> set[tuple[object, str]]:
    """Return those of these recipients and keys that were told, also if they have deleted their notice."""
    table, entity = session.tables["notice"], session.model.entities["notice"]
    recipient, key = (table.c[entity.fields[name].columns[0]] for name in ("recipient", "key"))
    users, keys = ({pair[place] for pair in wanted} for place in (0, 1))
    rows = table.select().with_only_columns(recipient, key).where(recipient.in_(users), key.in_(keys))
    return {(row[0], row[1]) for row in session.unit.connection.execute(rows)}


def send_on(session: Session, notices: Sequence[Notice]) -> None:
    """Have notices sent by the channels that are set up, to those who want them so and have an address there."""
    channels = [each for each, _plugin in session.model.of(Channel) if is_ready(session, each)]
    if not channels:
        return
    users = list({int(each.recipient) for each in notices})
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
