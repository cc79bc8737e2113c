"""Happenings: the history and the timeline of a record, as rows and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import asdict

from crmkit.core.declare.kinds import DateTimeKind
from crmkit.core.declare.values import Ref
from crmkit.core.lifecycle.origins import Origin
from crmkit.core.nouns.people import User
from crmkit.translation import _, about

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from crmkit.core.declare.records import Record
    from crmkit.core.lifecycle.session import Session
    from crmkit.core.lifecycle.timeline import HistoryEntry, TimelineEntry

LONGEST_VALUE = 40
ACTIONS = {
    "create": _("create"),
    "update": _("update"),
    "move": _("move"),
    "delete": _("delete"),
    "restore": _("restore"),
    "share": _("share"),
    "unshare": _("unshare"),
    "merge": _("merge"),
    "unmerge": _("unmerge"),
}
TOLD_BY_STAGE = ("pipeline", "stage_kind", "stage_since")


def history_rows(session: Session, record: Record) -> Iterator[tuple[str, ...]]:
    """Yield when, who, what and the changes of every entry of the history."""
    entries = session.history(record)
    names = actors(session, (entry.actor for entry in entries))
    for entry in entries:
        yield (
            moment(session, entry.at),
            names[entry.actor],
            said(entry),
            changes(entry.old, entry.new),
        )


def timeline_rows(session: Session, entries: Sequence[TimelineEntry]) -> Iterator[tuple[str, ...]]:
    """Yield when, who, what and the record of every entry of a timeline."""
    names = actors(session, (entry.actor for entry in entries))
    for entry in entries:
        stage = entry.new.get("stage")
        told = ACTIONS.get(entry.action, entry.action)
        action = _("move to {stage}", stage=stage) if entry.action == "move" and stage else told
        yield moment(session, entry.at), names[entry.actor], action, f"{entry.title} ({entry.record})"


def history_json(session: Session, record: Record) -> list[dict[str, object]]:
    """Return the history: `version`, `action`, `at` (UTC), `actor` (a user's id or null), `old`, `new`, `origin`."""
    return [plain(asdict(entry, recurse=False)) for entry in session.history(record)]


def timeline_json(entries: Iterable[TimelineEntry]) -> list[dict[str, object]]:
    """Return a timeline: `record`, `title`, `action`, `at` (UTC), `actor` (a user's id or null), `new`."""
    return [plain(asdict(entry, recurse=False)) for entry in entries]


def said(entry: HistoryEntry) -> str:
    """Return what was done, and from which row of which file."""
    action = ACTIONS.get(entry.action, entry.action)
    return action if entry.origin is None else about(action, entry.origin.text)


def plain(entry: Mapping[str, object]) -> dict[str, object]:
    """Return an entry as JSON."""
    found = dict(entry)
    found["at"] = DateTimeKind().to_json(entry["at"])
    found["actor"] = None if entry["actor"] is None else int(str(int(entry["actor"])))  # type: ignore[call-overload]
    origin = found.get("origin")
    if isinstance(origin, Origin):
        found["origin"] = asdict(origin)
    if isinstance(found.get("record"), Ref):
        found["record"] = str(found["record"])
    return found


def actors(session: Session, found: Iterable[Ref[object] | None]) -> dict[Ref[object] | None, str]:
    """Return the names of users; nobody is the system."""
    wanted = {each for each in found if each is not None}
    users = session.by_id(session.model.entity(User), [int(each) for each in wanted])
    names: dict[Ref[object] | None, str] = {each: str(each) for each in wanted}
    names |= {each: str(dict(users[int(each)].items())["name"]) for each in wanted if int(each) in users}
    return names | {None: _("system")}


def moment(session: Session, at: datetime) -> str:
    """Return a moment as a person reads it."""
    return DateTimeKind().format(at, session.model.conventions)


def changes(old: Mapping[str, object], new: Mapping[str, object]) -> str:
    """Return what was changed: `city: Paris > Lyon`."""
    return "; ".join(
        f"{name}: {short(old[name])} > {short(value)}" if old.get(name) is not None else f"{name}: {short(value)}"
        for name, value in new.items()
        if (value is not None or old.get(name) is not None) and name not in TOLD_BY_STAGE
    )


def short(value: object) -> str:
    """Return a value, cut off where it gets long; a dash for none."""
    if isinstance(value, dict) and {"amount", "currency"} <= value.keys():
        value = f"{value['amount']} {value['currency']}"
    text = "-" if value is None else str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"
