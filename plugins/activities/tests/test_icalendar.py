from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from attrs import evolve

from crmkit import CRM, Contact, Customer, User
from crmkit.core.storage.moments import utc_now
from crmkit.errors import AccessDeniedError
from crmkit.testing.plugins import make_plugin
from crmkit_activities.attachments import Attachment
from crmkit_activities.events.attendance import answer, invite
from crmkit_activities.events.event import CalendarEvent, EventAttendee
from crmkit_activities.events.recurrence import Extra
from crmkit_activities.events.rules import parse_rule
from crmkit_activities.ics.exporting import export_calendar, export_event
from crmkit_activities.ics.importing import import_calendar
from crmkit_activities.ics.reading import MOST_BYTES, MOST_COMPONENTS, read_calendar
from crmkit_activities.ics.values import Alarm, Attached, Guest, IcsEvent
from crmkit_activities.ics.writing import write_calendar
from crmkit_activities.reminders.reminder import Reminder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from crmkit import Batch, Change, Session
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.row("C1")
NOW = datetime(2026, 3, 2, tzinfo=UTC)
EVERYTHING = IcsEvent(
    uid="everything@example.org",
    summary='Sales, weekly; "all" of us',
    start=datetime(2026, 3, 2, 9),
    length=timedelta(minutes=90),
    zone="Europe/Berlin",
    rules=(parse_rule("FREQ=WEEKLY;BYDAY=MO,TH;UNTIL=20261231T225959Z"),),
    extras=(Extra(wall=datetime(2026, 3, 4, 9)), Extra(wall=datetime(2026, 3, 6, 9), length=timedelta(hours=3))),
    exceptions=frozenset({datetime(2026, 3, 5, 9), datetime(2026, 3, 9, 9)}),
    description="Bring:\n- figures\n- coffee, 10\\20",
    place="Room 7, 香港",
    busy=False,
    visibility="confidential",
    status="tentative",
    organizer="boss@example.org",
    guests=(
        Guest(address="lea@example.org", name="Léa, the first", part="chair", attendance="accepted"),
        Guest(address="urn:uuid:1", part="optional", attendance="declined"),
    ),
    alarms=(
        Alarm(anchor="ends_at", before=timedelta(0), text="Over; done"),
        Alarm(anchor="starts_at", before=timedelta(days=1, minutes=15)),
        Alarm(at=datetime(2026, 3, 3, 7, tzinfo=UTC), text="Bring coffee"),
    ),
    files=(
        Attached(name="agenda; new, 香港.txt", content="Überblick".encode("utf-16")),
        Attached(name="plan.pdf", content=b"%PDF-1.7 \xff\x00"),
    ),
    links=("https://example.org/a;b,c?d=e", "ftp://example.org/plan.doc"),
)
MOVED = evolve(
    EVERYTHING,
    start=datetime(2026, 3, 17, 10),
    occurrence=datetime(2026, 3, 16, 9),
    zone="America/New_York",
    rules=(),
    extras=(),
    exceptions=frozenset(),
    guests=(),
    alarms=(Alarm(anchor="starts_at", before=timedelta(hours=1)),),
    files=(),
    links=(),
)
HOLIDAY = IcsEvent(
    uid="holiday", summary="Away", start=datetime(2026, 7, 1), length=timedelta(days=14), zone="UTC", all_day=True
)


def written(*events: IcsEvent) -> bytes:
    """Return a file of events."""
    return write_calendar(events, NOW)


def by_id(events: Iterable[IcsEvent]) -> dict[tuple[str, datetime | None], IcsEvent]:
    """Return events by UID and occurrence."""
    return {(each.uid, each.occurrence): each for each in events}


def test_what_is_written_is_read(session: Session) -> None:
    """Every property that an event holds goes into a file and comes out of it."""
    found = read_calendar(written(EVERYTHING, MOVED, HOLIDAY), "UTC")
    assert not found.problems
    assert by_id(found.events) == by_id([EVERYTHING, MOVED, HOLIDAY])


def test_what_is_imported_is_exported(crm: CRM, people: Mapping[str, User]) -> None:
    """A calendar that was imported is exported as an equal one, and importing it again changes nothing."""
    data = written(EVERYTHING, MOVED, HOLIDAY)
    with crm.session(actor="ann") as session:
        lea = session.create(Contact, name="Lea", email="lea@example.org")
        done = import_calendar(session, data)
        assert (done.created, done.problems) == (3, [])
        assert {each.who for each in session.find(EventAttendee)} == {lea.ref, None}
        again = import_calendar(session, export_calendar(session))
        assert (again.created, again.updated, again.unchanged, again.removed, again.problems) == (0, 0, 3, 0, [])
        assert (session.count(Reminder), session.count(Attachment)) == (4, 2)
        assert by_id(read_calendar(export_calendar(session), "UTC").events) == by_id([EVERYTHING, MOVED, HOLIDAY])
        assert session.count(CalendarEvent) == 3
    with crm.session(actor="bob") as session:
        assert import_calendar(session, data).created == 3  # another calendar
        assert session.count(CalendarEvent, "owner == me()") == 3


def test_importing_again_brings_up_to_date(crm: CRM, people: Mapping[str, User]) -> None:
    """A newer file changes events by their UIDs, and takes back occurrences and attendees that it lacks."""
    with crm.session(actor="ann") as session:
        import_calendar(session, written(EVERYTHING, MOVED))
        guests = (evolve(EVERYTHING.guests[0], attendance="declined"), Guest(address="new@example.org"))
        newer = evolve(EVERYTHING, summary="Moved", guests=guests)
        done = import_calendar(session, written(newer))
        assert (done.created, done.updated, done.removed) == (0, 1, 1)
        assert by_id(read_calendar(export_calendar(session), "UTC").events) == by_id([newer])


def test_answers_stay_when_a_file_comes_again(crm: CRM, people: Mapping[str, User]) -> None:
    """What a user has answered here is not what a file says that doesn't know of it; who is known by e-mail is one."""
    with crm.session(actor="admin") as session:
        for name in ("ann", "bob", "cem"):
            session.update(session.get(User, people[name].id), email=f"{name}@example.org")
    guests = (Guest(address="bob@example.org"), Guest(address="cem@example.org", attendance="accepted"))
    data = written(evolve(EVERYTHING, guests=guests), evolve(MOVED, guests=(evolve(guests[0], attendance="declined"),)))
    with crm.session(actor="ann") as session:
        import_calendar(session, data)
        [series] = session.find(CalendarEvent, "series is None")
        [moved] = session.find(CalendarEvent, "series is not None")
        assert states(session, moved) == {people["bob"].ref: "declined"}
        invite(session, series, [people["mia"]])
    with crm.session(actor="bob") as session:
        answer(session, series, "accepted")
    with crm.session(actor="cem") as session:
        answer(session, series, "declined")
    with crm.session(actor="ann") as session:
        answered = {people["bob"].ref: "accepted", people["cem"].ref: "declined", people["mia"].ref: "invited"}
        for again in (data, export_calendar(session)):
            import_calendar(session, again)
            assert states(session, series) == answered


def states(session: Session, event: CalendarEvent) -> dict[object, str]:
    """Return who is invited to an event, with the states."""
    return {each.who: each.attendance for each in session.find(EventAttendee, {"event": event})}


def test_into_the_calendars_of_others_nothing_is_imported(crm: CRM, people: Mapping[str, User]) -> None:
    """Who may not write there is told so, of however many events."""
    with crm.session(actor="ann") as session, pytest.raises(AccessDeniedError):
        import_calendar(session, written(EVERYTHING, HOLIDAY), people["cem"])
    with crm.session(actor="admin") as session:
        assert session.count(CalendarEvent) == 0


def test_an_event_that_is_refused_leaves_the_others(make_crm: CRMFactory) -> None:
    """It is a problem that names the component, as is a refusal of what a plugin writes along with it."""

    def after_create(session: Session, changes: Batch[Change]) -> None:
        for each in changes.of(CalendarEvent):
            session.create(Customer, name="" if each.after.subject == "Away" else each.after.subject)

    crm = make_crm(["activities", make_plugin("along", after_create=after_create)])
    with crm.session(actor="admin") as session:
        done = import_calendar(session, written(EVERYTHING, HOLIDAY))
        assert (done.created, [each.uid for each in done.problems]) == (1, ["holiday"])
        assert [each.subject for each in session.find(CalendarEvent)] == [EVERYTHING.summary]


def test_one_event_goes_out_with_its_changes(crm: CRM, people: Mapping[str, User]) -> None:
    """The file of one event holds it and its changed occurrences, with its own UID, which stays."""
    with crm.session(actor="ann") as session:
        series = session.create(CalendarEvent, subject="Sales", starts_at=NOW, recurrence="FREQ=DAILY")
        session.create(CalendarEvent, subject="Other", starts_at=NOW)
        session.create(
            CalendarEvent,
            subject="Late",
            series=series,
            occurrence="2026-03-03T00:00",
            starts_at=NOW + timedelta(hours=30),
        )
        first = read_calendar(export_event(session, series), "UTC")
        assert [each.summary for each in first.events] == ["Sales", "Late"]
        session.update(series, subject="Sales, daily")
        assert {each.uid for each in read_calendar(export_event(session, series), "UTC").events} == {str(series.uid)}


@pytest.mark.parametrize(
    ("lines", "component", "problem"),
    [
        ("", "VEVENT x", "It has no DTSTART"),
        ("DTSTART:tomorrow", "VEVENT x", "DTSTART can't be read"),
        ("DTSTART:20260302T090000Z\nDTEND:20260301T090000Z", "VEVENT x", "ends before it begins"),
        ("DTSTART:20260302T090000Z\nDURATION:P2000D", "VEVENT x", "lasts longer"),
        ("DTSTART:20260302T090000Z\nRRULE:FREQ=SECONDLY", "VEVENT x", "can't recur 'SECONDLY'"),
        ("DTSTART:00010101T090000Z", "VEVENT x", "no year for an event"),
        ("DTSTART:20260302T090000Z\nEXRULE:FREQ=DAILY", "VEVENT x", "EXRULE"),
        ("DTSTART:20260302T090000Z\nRECURRENCE-ID:20260302T090000Z", "VEVENT x", "not in the file"),
        ("DTSTART:20260302T090000Z\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260302T090000Z", "VEVENT x", "not supported"),
        ("DTSTART:20260302T090000Z\nSUMMARY:" + "long " * 300, "VEVENT x", "1,000|1000"),
        ("DTSTART:20260302T090000Z\n" + "EXDATE:20260303T090000Z\n" * 1_001, "VEVENT x", "at most 1000 dates"),
        ("DTSTART:20260302T090000Z\nEND:VEVENT\nBEGIN:VTODO\nUID:y\nEND:VTODO\nBEGIN:VEVENT", "VTODO y", "Only events"),
    ],
)
def test_what_is_not_imported_is_named(lines: str, component: str, problem: str) -> None:
    """What can't be imported is a problem that names the component and what is wrong with it."""
    text = f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:x\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n"
    found = read_calendar(text.encode(), "UTC").problems[0]
    assert str(found).startswith(f"{component}:")
    assert any(each in found.text for each in problem.split("|"))


def test_what_is_too_large_is_not_even_read() -> None:
    """A file of too many bytes or components is refused as a whole, and so is one that is no calendar."""
    many = b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\nEND:VEVENT\r\n" * MOST_COMPONENTS + b"END:VCALENDAR\r\n"
    for data in (b" " * (MOST_BYTES + 1), many, b"\0\1\2", b"", b"BEGIN:VCALENDAR\r\n" * 1_000):
        found = read_calendar(data, "UTC")
        assert (found.events, [each.component for each in found.problems]) == ((), ["VCALENDAR"])


def test_a_rule_without_end_is_held_as_one(session: Session) -> None:
    """An event that recurs for ever, hourly at that, is imported without being expanded."""
    text = "BEGIN:VEVENT\nUID:x\nDTSTART:19700101T000000Z\nRRULE:FREQ=HOURLY\nEND:VEVENT\n"
    assert import_calendar(session, text.encode()).created == 1


def files(folder: Path) -> list[Path]:
    """Return the iCalendar files of the data set."""
    return sorted((folder / "icalendar").rglob("*.ics"))


@pytest.mark.data
def test_all_files_import_or_are_refused_with_a_reason(data_folder: Path) -> None:
    """Each file has events, or problems that name a component; what imports is exported as an equal calendar."""
    crm = CRM("sqlite://", ["activities"])
    crm.upgrade(admin="admin")
    found = files(data_folder)
    assert len(found) == 178
    events = problems = 0
    for number, path in enumerate(found):
        reading = read_calendar(path.read_bytes(), "UTC", utc_now())
        assert reading.events or reading.problems, path.name
        assert all(each.component and each.text for each in reading.problems), path.name
        problems += bool(reading.problems)
        if not reading.events:
            continue
        events += len(reading.events)
        with crm.session(actor="admin") as session:
            owner = session.create(User, name=path.name, external_id=str(number), roles=["member"])
            done = import_calendar(session, path.read_bytes(), owner)
            assert (done.created + done.updated + done.unchanged, done.problems) == (
                len(reading.events),
                list(reading.problems),
            ), path.name
        with crm.session(actor=str(number)) as session:
            out = by_id(read_calendar(export_calendar(session), "UTC").events)
            assert {key: out.get(key) for key in by_id(reading.events)} == by_id(reading.events), path.name
        with crm.session(actor="admin") as session:
            assert import_calendar(session, path.read_bytes(), owner).unchanged == len(reading.events), path.name
    assert events > 100
    assert problems < 100
