"""Alarms and attachments of iCalendar files: they become reminders and files, or are refused, and go out again."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from crmkit import File, Grant, Role, User
from crmkit.errors import Refused
from crmkit.testing.plugins import make_plugin
from crmkit_activities.attachments import Attachment
from crmkit_activities.events.event import CalendarEvent
from crmkit_activities.ics import exporting
from crmkit_activities.ics.exporting import export_event
from crmkit_activities.ics.importing import import_calendar
from crmkit_activities.ics.reading import read_calendar
from crmkit_activities.ics.values import NO_ALARM, Alarm
from crmkit_activities.reminders.reminder import Reminder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory

pytestmark = pytest.mark.row("C1")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
QUARTER = Alarm(anchor="starts_at", before=timedelta(minutes=15))
PDF = b64encode(b"%PDF-1.7 plan").decode()


def calendar(*lines: str) -> bytes:
    """Return a file of one event, on 2 March from ten to eleven."""
    event = ("UID:x", "SUMMARY:Sales", "DTSTART:20260302T100000Z", "DTEND:20260302T110000Z", *lines)
    return "\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *event, "END:VEVENT", "END:VCALENDAR", ""]).encode()


def alarm(*lines: str) -> tuple[str, ...]:
    """Return the lines of an alarm."""
    return ("BEGIN:VALARM", "ACTION:DISPLAY", *lines, "END:VALARM")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("TRIGGER:-PT15M",), [QUARTER]),
        (("TRIGGER:-PT15M", "DESCRIPTION:Sales"), [QUARTER]),
        (("TRIGGER;RELATED=END:PT0S",), [Alarm(anchor="ends_at", before=timedelta(0))]),
        (("TRIGGER;VALUE=DATE-TIME:20260302T093000Z",), [Alarm(at=NOW + timedelta(minutes=30))]),
        (
            ("TRIGGER:-PT20M", "REPEAT:4", "DURATION:PT10M"),
            [Alarm(anchor="starts_at", before=timedelta(minutes=each)) for each in (0, 10, 20)],
        ),
        (("TRIGGER:-PT15M", "ACKNOWLEDGED:20260302T094400Z"), [QUARTER]),
        (("TRIGGER:-PT15M", "ATTACH;VALUE=BINARY:###", "DESCRIPTION:Sales", "DESCRIPTION:More"), [QUARTER]),
        (
            ("TRIGGER:-PT15M", "REPEAT:1", "REPEAT:3", "DURATION:PT10M", "DURATION:PT5M"),
            [QUARTER, Alarm(anchor="starts_at", before=timedelta(minutes=5))],
        ),
    ],
)
def test_alarms_are_reminders(lines: tuple[str, ...], expected: list[Alarm]) -> None:
    """They go by the beginning, the end, or a moment, and those that are repeated come several times."""
    found = read_calendar(calendar(*alarm(*lines)), "UTC", NOW)
    assert (found.events[0].alarms, found.problems) == (tuple(sorted(expected, key=repr)), ())


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (alarm("TRIGGER:PT15M"), "VALARM x: It is from nothing to ten years before"),
        (alarm("TRIGGER:-P5000D"), "VALARM x: It is from nothing to ten years before"),
        (alarm("TRIGGER;VALUE=DATE-TIME:20260302T080000Z"), "VALARM x: This moment has passed"),
        (alarm(), "VALARM x: It has not one TRIGGER"),
        (alarm("TRIGGER:-PT15M", "TRIGGER:-PT5M"), "VALARM x: It has not one TRIGGER"),
        (alarm("TRIGGER:soon"), "VALARM x: TRIGGER can't be read: .*soon"),
        (alarm("TRIGGER;VALUE=DATE-TIME:20261340T000000Z"), "VALARM x: TRIGGER can't be read"),
        (alarm("TRIGGER;VALUE=TEXT:-PT15M"), "VALARM x: It can't be read"),
        (alarm("TRIGGER:-PT15M", "REPEAT:often", "DURATION:PT5M"), "VALARM x: REPEAT can't be read"),
        (alarm("TRIGGER:-PT15M", "REPEAT:2", "DURATION:long"), "VALARM x: DURATION can't be read"),
        (alarm("TRIGGER:-PT15M", "ACKNOWLEDGED:yes"), "VALARM x: ACKNOWLEDGED can't be read"),
        (alarm("TRIGGER:-PT15M", "ACKNOWLEDGED:20260302T094500Z"), "VALARM x: It was acknowledged"),
        (alarm("TRIGGER:-PT15M", "DESCRIPTION:" + "long " * 60), "VALARM x: .*255"),
        (alarm("TRIGGER:-PT15M", "ACTION:PROCEDURE")[:1] + alarm("TRIGGER:-PT15M", "ACTION:RUN")[2:], "VALARM x: RUN"),
        (tuple(line for each in range(21) for line in alarm(f"TRIGGER:-PT{each}M")), "VALARM x: .* at most 20 alarms"),
        ((f"ATTACH;ENCODING=BASE64;VALUE=BINARY;FMTTYPE=text/html:{PDF}",), "VEVENT x: ATTACH: .*'attachment.html'"),
        ((f"ATTACH;ENCODING=BASE64;VALUE=BINARY;FILENAME=a.png:{PDF}",), "VEVENT x: ATTACH: .* not those of a png"),
        (("ATTACH;ENCODING=BASE64;VALUE=BINARY;FILENAME=a.pdf:JVBERi0!",), "VEVENT x: ATTACH: .*Base64"),
        (("ATTACH:file:///etc/passwd",), "VEVENT x: ATTACH: 'file:///etc/passwd' is no address of the web"),
        (("ATTACH:javascript:alert(1)",), "VEVENT x: ATTACH: .* is no address"),
    ],
)
def test_what_is_left_out_is_named(lines: tuple[str, ...], problem: str) -> None:
    """The event is imported without what can't be held, and a problem names the component and the reason."""
    found = read_calendar(calendar(*lines), "UTC", NOW)
    assert len(found.events) == len(found.problems) == 1
    with pytest.raises(AssertionError, match=problem):
        raise AssertionError(str(found.problems[0]))


def test_other_components_that_can_not_be_read_leave_the_events() -> None:
    """Only what a time zone says has to be read whole, as events would move otherwise."""
    task = ("END:VEVENT", "BEGIN:VTODO", "UID:y", "DUE:soon", "END:VTODO", "BEGIN:VEVENT", "UID:z", "DTSTART:20260302")
    found = read_calendar(calendar(*task), "UTC")
    assert [each.uid for each in found.events] == ["x", "z"]
    assert [str(each) for each in found.problems] == ["VTODO y: Only events are imported."]
    zone = ("END:VEVENT", "BEGIN:VTIMEZONE", "TZID:Here", "BEGIN:STANDARD", "DTSTART:soon", "END:STANDARD")
    found = read_calendar(calendar(*zone, "END:VTIMEZONE", "BEGIN:VEVENT"), "UTC")
    assert (found.events, [each.component for each in found.problems]) == ((), ["VCALENDAR"])


def test_reminders_come_as_the_file_says(crm: CRM, people: Mapping[str, User], clock: FrozenClock) -> None:
    """Its owner is reminded; a newer file changes the reminders, and one without alarms leaves them alone."""
    assert people
    with crm.session(actor="ann") as session:
        import_calendar(session, calendar(*alarm("TRIGGER:-PT30M"), *alarm("TRIGGER:-PT15M")))
        import_calendar(session, calendar(*alarm("TRIGGER:-PT15M")))
        import_calendar(session, calendar())
        assert [each.before for each in session.find(Reminder)] == [timedelta(minutes=15)]
        [event] = session.find(CalendarEvent)
        session.create(Reminder, about=event, anchor="starts_at", text="Hurry")
    for _each in range(3):
        clock.advance(minutes=20)
        crm.worker().run_once()
    with crm.session(actor="ann") as session:
        assert [each.text.split(",")[0] for each in session.notices()] == ["Reminder: Hurry (Sales)", "Reminder: Sales"]
        event = session.update(session.get(CalendarEvent, event.id), starts_at=NOW + timedelta(days=2))
        [out] = read_calendar(export_event(session, event), "UTC").events
        assert set(out.alarms) == {QUARTER, Alarm(anchor="starts_at", before=timedelta(0), text="Hurry")}
    with crm.session(actor="admin") as session:
        assert read_calendar(export_event(session, event), "UTC").events[0].alarms == ()


def series(*alarms: str, moved: Iterable[str] = ()) -> bytes:
    """Return a file of a series with alarms, and of an occurrence that is an hour later, with its own."""
    lines = ("RRULE:FREQ=DAILY", *alarms, "END:VEVENT", "BEGIN:VEVENT", "UID:x", "SUMMARY:Sales")
    return calendar(*lines, "RECURRENCE-ID:20260304T100000Z", "DTSTART:20260304T110000Z", *moved)


HOUR = Alarm(anchor="starts_at", before=timedelta(hours=1))
A_QUARTER, AN_HOUR = alarm("TRIGGER:-PT15M"), alarm("TRIGGER:-PT1H")


@pytest.mark.parametrize(
    ("of_series", "of_occurrence", "expected"),
    [
        (A_QUARTER, A_QUARTER, ()),
        (A_QUARTER, (*A_QUARTER, *AN_HOUR), (HOUR,)),
        (A_QUARTER, (), (NO_ALARM,)),
        (A_QUARTER, AN_HOUR, (NO_ALARM, HOUR)),
        ((*A_QUARTER, *AN_HOUR), AN_HOUR, (NO_ALARM, HOUR)),
        (alarm("TRIGGER;VALUE=DATE-TIME:20260304T080000Z"), (), ()),
        ((), AN_HOUR, (HOUR,)),
        ((), (), ()),
    ],
)
def test_an_occurrence_goes_without_the_alarms_of_its_series(
    crm: CRM,
    people: Mapping[str, User],
    of_series: tuple[str, ...],
    of_occurrence: tuple[str, ...],
    expected: tuple[Alarm, ...],
) -> None:
    """If one of them is missing there, none of the series' is for it, but its own; and so it goes out again."""
    assert people
    data = series(*of_series, moved=of_occurrence)
    read = read_calendar(data, "UTC", NOW).events
    assert read[1].alarms == expected
    with crm.session(actor="ann") as session:
        assert import_calendar(session, data).problems == []
        [own] = session.find(CalendarEvent, "series is not None")
        assert session.count(Reminder, "off") == expected.count(NO_ALARM)
        assert session.count(Reminder, {"about": own}) == len(expected)
        out = read_calendar(export_event(session, own), "UTC", NOW).events
        assert [each.alarms for each in out] == [each.alarms for each in read]


def test_a_newer_file_switches_alarms_on_again(crm: CRM, people: Mapping[str, User]) -> None:
    """An occurrence has the reminders of its series again, and no longer its own, when the file says so."""
    assert people
    with crm.session(actor="ann") as session:
        import_calendar(session, series(*A_QUARTER, moved=AN_HOUR))
        assert session.count(Reminder) == 3
        import_calendar(session, series(moved=()))
        assert session.count(Reminder) == 3
        import_calendar(session, series(*A_QUARTER, moved=A_QUARTER))
        assert [(each.off, each.before) for each in session.find(Reminder)] == [(False, QUARTER.before)]


def test_somebody_else_imports_without_seeing_the_reminders(crm: CRM, people: Mapping[str, User]) -> None:
    """Whoever imports again into the calendar makes none twice, and takes back those that are no longer in the file."""
    for lines in (A_QUARTER, A_QUARTER, AN_HOUR):
        with crm.session(actor="admin") as session:
            assert import_calendar(session, calendar(*lines), people["ann"]).problems == []
            assert session.count(Reminder) == 0
        with crm.session(actor="ann") as session:
            assert session.count(Reminder) == 1
    with crm.session(actor="ann") as session:
        assert [each.before for each in session.find(Reminder)] == [HOUR.before]


def test_files_and_links_come_with_an_event(
    crm: CRM, people: Mapping[str, User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is attached once, and a link is kept as a text; what is too large for a calendar is left out, and said."""
    assert people
    lines = (
        f"ATTACH;ENCODING=BASE64;VALUE=BINARY;FMTTYPE=application/pdf:{PDF}",
        "ATTACH;FMTTYPE=application/msword:https://example.org/agenda.doc",
    )
    with crm.session(actor="ann") as session:
        for _each in range(2):
            assert import_calendar(session, calendar(*lines)).problems == []
        [event], [attachment] = session.find(CalendarEvent), session.find(Attachment)
        assert event.links == "https://example.org/agenda.doc"
        assert (attachment.record, attachment.file.name) == (event.ref, "attachment.pdf")
        assert session.content(attachment, "file") == b"%PDF-1.7 plan"
        session.create(Attachment, record=event, file=File("large.txt", content=b"x" * 100))
        monkeypatch.setattr(exporting, "MOST_ATTACHED", 50)
        [out] = read_calendar(export_event(session, event), "UTC").events
        assert ([each.name for each in out.files], out.links) == (["attachment.pdf"], (event.links,))
        assert [each.text for each in session.cautions] == [
            "large.txt is too large for the calendar file, and is left out."
        ]
        with pytest.raises(Refused, match="is no address"):
            session.update(event, links="https://example.org/a\nsomewhere")


def test_who_may_make_no_reminders_imports_without(make_crm: CRMFactory) -> None:
    """What the actor may not create is a problem of each event, and the events are imported."""
    grants = (Grant(entity="calendar_event", read="own", create="own"), Grant(entity="user", read="all"))
    role = Role(name="planner", grants=grants)
    crm = make_crm(["activities", make_plugin("planning", role)])
    with crm.session(actor="admin") as session:
        session.create(User, name="Dan", external_id="dan", roles=["planner"])
    with crm.session(actor="dan") as session:
        done = import_calendar(session, calendar(*alarm("TRIGGER:-PT15M")))
        assert (done.created, [str(each) for each in done.problems]) == (1, ["VALARM x: You may not create reminder."])
