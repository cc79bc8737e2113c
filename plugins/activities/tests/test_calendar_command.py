from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from crmkit import Table, Team
from crmkit.errors import Refused
from crmkit_activities.events.attendance import invite
from crmkit_activities.events.event import CalendarEvent
from crmkit_activities.events.showing import show

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from crmkit import CRM, Session, User
    from crmkit.testing.clock import FrozenClock

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


def run(session: Session, **given: Any) -> Table | str:
    """Run `crmkit calendar`."""
    nothing = dict.fromkeys(("since", "user", "team", "slot", "answer", "out", "file"))
    return show(session, **{**nothing, "days": 7, **given})


@pytest.mark.row("C1")
def test_the_command_shows_the_week(crm: CRM, people: Mapping[str, User]) -> None:
    """It shows what is on one's own calendar in the next days, somebody else's, or that of a team."""
    with crm.session(actor="ann") as session:
        session.create(CalendarEvent, subject="Demo", starts_at=MONDAY, recurrence="FREQ=DAILY;COUNT=3")
        table = run(session, days=2)
        assert isinstance(table, Table)
        assert [row[2:4] for row in table.rows] == [("Demo", "Ann")] * 2
        assert "Demo" in table.to_text()
        found = run(session, team="North")
        assert isinstance(found, Table)
        assert len(found.rows) == 3
        with pytest.raises(Refused, match="nobody"):
            run(session, user="nobody")


@pytest.mark.row("C5")
def test_the_command_answers_invitations(crm: CRM, people: Mapping[str, User]) -> None:
    """By the ids that it shows; what one has declined, and what is cancelled, isn't there any more."""
    with crm.session(actor="ann") as session:
        off = session.create(CalendarEvent, subject="Off", starts_at=MONDAY, status="cancelled")
        demo = session.create(CalendarEvent, subject="Demo", starts_at=MONDAY + timedelta(hours=2))
        for event in (off, demo):
            invite(session, event, [people["bob"], people["mia"]])
    with crm.session(actor="bob") as session:
        shown = run(session)
        assert isinstance(shown, Table)
        assert [row[2:] for row in shown.rows] == [("Demo", "Bob", str(demo.id))]
        both = run(session, team="North", answer=f"{demo.id}:declined")
        assert isinstance(both, Table)
        assert [row[3] for row in both.rows] == ["Mia, Ann"]
        assert not run(session).rows  # type: ignore[union-attr]
        for wrong, problem in ((str(demo.id), "like 5:accepted"), (f"{demo.id}:perhaps", "Answer with one of")):
            with pytest.raises(Refused, match=problem):
                run(session, answer=wrong)


@pytest.mark.row("C1")
def test_the_command_writes_and_reads_files(crm: CRM, people: Mapping[str, User], tmp_path: Path) -> None:
    """It writes a calendar to a file, imports one, and says what became of it; a file that isn't there is refused."""
    path = tmp_path / "mine.ics"
    with crm.session(actor="ann") as session:
        session.create(CalendarEvent, subject="Demo", starts_at=MONDAY)
        assert str(run(session, out=str(path))).startswith("Wrote ")
        assert run(session, file=str(path)) == "Events: 0 new, 0 changed, 1 as before."
    with crm.session(actor="bob") as session:
        assert run(session, file=str(path)) == "Events: 1 new, 0 changed, 0 as before."
        path.write_text("BEGIN:VTODO\nUID:x\nEND:VTODO\n")
        assert "VTODO x: Only events are imported." in str(run(session, file=str(path)))
        with pytest.raises(Refused, match="can't be read"):
            run(session, file=str(tmp_path / "none.ics"))
        with pytest.raises(Refused, match="can't be written"):
            run(session, out=str(tmp_path / "nowhere" / "mine.ics"))


@pytest.mark.row("C6")
def test_the_command_finds_a_free_time(crm: CRM, people: Mapping[str, User], clock: FrozenClock) -> None:
    """It finds the first time from now on that suits a team, in its working hours, if there is anybody in it."""
    with crm.session(actor="ann") as session:
        session.create(CalendarEvent, subject="Demo", starts_at=MONDAY, length=timedelta(hours=2))
        assert run(session, slot=timedelta(hours=1), team="North") == "Free from 2026-03-02 11:00 to 2026-03-02 12:00."
        assert run(session, slot=timedelta(hours=9), team="North") == "There is no such time in these days."
    clock.advance(hours=6, seconds=20)
    with crm.session(actor="ann") as session:
        assert run(session, slot=timedelta(hours=1), team="North") == "Free from 2026-03-02 15:01 to 2026-03-02 16:01."
        assert str(run(session, since=MONDAY.date() - timedelta(days=9), slot=timedelta(hours=1))).startswith("There")
        session.elevated.create(Team, name="Nobody")
        with pytest.raises(Refused, match="nobody in these teams"):
            run(session, slot=timedelta(hours=1), team="Nobody")


@pytest.mark.row("C6")
def test_the_load_of_a_team(crm: CRM, people: Mapping[str, User]) -> None:
    """The report counts working hours and busy hours, what overlaps once, also of what may not be read."""
    with crm.session(actor="bob") as session:
        session.create(CalendarEvent, subject="Doctor", starts_at=MONDAY, visibility="private")
        session.create(CalendarEvent, subject="Demo", starts_at=MONDAY + timedelta(minutes=30))
    with crm.session(actor="ann") as session:
        table = session.report("calendar_load", team="North", days=7)
    assert [row for row in table.rows if row[0] == "Bob"] == [("Bob", Decimal("40.0"), Decimal("1.5"))]
