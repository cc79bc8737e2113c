"""When records return to a pool: the pure function that the countdown and the sweep both ask."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve

from crmkit_workflow.pools.due import Calendar, Held, ReturnRule, Terms, due, first_return, returns

pytestmark = pytest.mark.row("M3")

SHANGHAI = Calendar(zone=ZoneInfo("Asia/Shanghai"))
ANN, BOB = 1, 2
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    """Return a moment by the wall clock of Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI.zone)


def terms(**given: object) -> Terms:
    """Return the terms of pool 7, whose only member is Ann."""
    values = {"pool": 7, "target": 7, "members": frozenset({ANN}), "since": ALWAYS, **given}
    return Terms(**values)  # type: ignore[arg-type]


def by_rule(kind: str, days: int, **given: object) -> Terms:
    """Return terms with one rule."""
    return terms(rules=(ReturnRule(id=1, kind=kind, days=days, **given),))  # type: ignore[arg-type]


def day(held: Held, given: Terms, calendar: Calendar = SHANGHAI) -> str | None:
    """Return the day on which a record returns first."""
    found = returns(held, [given], calendar)
    assert first_return(held, [given], calendar) == (found[0] if found else None)
    return found[0].at.astimezone(calendar.zone).date().isoformat() if found else None


PROTECTED = terms(initial=timedelta(days=10), longest=timedelta(days=20), extensions={"*": timedelta(days=3)})
CLAIMED = Held(owner=ANN, since=at("2019-03-25T10:00"))


@pytest.mark.parametrize(
    ("activities", "returned"),
    [
        ([], "2019-04-04"),
        (["2019-03-28T10:00"], "2019-04-04"),
        (["2019-03-28T10:00", "2019-04-02T10:00"], "2019-04-05"),
        (["2019-03-28T10:00", "2019-04-02T10:00", "2019-04-05T10:00"], "2019-04-08"),
        (["2019-04-08T10:00"], "2019-04-11"),
        (["2019-04-11T10:00"], "2019-04-14"),
        (["2019-04-13T10:00"], "2019-04-14"),
    ],
)
def test_the_golden_vector_of_the_protection(activities: list[str], returned: str) -> None:
    """10 days, 3 more from each activity, 20 at most: claimed on 03-25, back on 04-04 unless followed up."""
    held = CLAIMED
    for each in activities:
        held = evolve(held, follow_ups={"*": max([at(each), *held.follow_ups.values()])})
    assert day(held, PROTECTED) == returned


def test_kinds_of_activities_extend_by_their_own() -> None:
    """A visit extends the protection by more than a call; a kind that the pool doesn't know, by what `*` says."""
    pool = evolve(PROTECTED, extensions={"visit": timedelta(days=7), "*": timedelta(days=1)})
    assert day(evolve(CLAIMED, follow_ups={"visit": at("2019-04-02T10:00")}), pool) == "2019-04-09"
    assert day(evolve(CLAIMED, follow_ups={"call": at("2019-04-04T09:00")}), pool) == "2019-04-05"
    assert (
        day(evolve(CLAIMED, follow_ups={"call": at("2019-04-02T10:00")}), evolve(pool, extensions={})) == "2019-04-04"
    )


def test_activities_with_an_earlier_owner_dont_count() -> None:
    """What was done before the record was claimed extends nothing."""
    assert day(evolve(CLAIMED, follow_ups={"*": at("2019-03-24T10:00")}), PROTECTED) == "2019-04-04"


def test_turning_rules_on_again_restarts_from_now() -> None:
    """While the rules are off nothing is due; from when they are on again, all time counts anew."""
    assert day(CLAIMED, evolve(PROTECTED, since=None)) is None
    assert day(CLAIMED, evolve(PROTECTED, since=at("2019-06-01T00:00"))) == "2019-06-11"


@pytest.mark.parametrize("kind", ["follow_up", "opportunity", "won"])
def test_a_record_returns_on_the_day_after(kind: str) -> None:
    """A limit of 3 days, received on the 1st: the record returns when the 5th begins in the home time zone."""
    (found,) = returns(Held(owner=ANN, since=at("2026-06-01T23:30")), [by_rule(kind, 3)], SHANGHAI)
    assert found.at == at("2026-06-05T00:00")
    assert (found.pool, found.kind, found.rule) == (7, kind, 1)


def test_a_rule_by_a_date_counts_from_that_day() -> None:
    """A contract that ends on 06-30, plus 90 days: the record returns on the day after, 09-29."""
    held = Held(owner=ANN, since=ALWAYS, dates={1: date(2026, 6, 30)})
    assert day(held, by_rule("date", 90)) == "2026-09-29"
    assert day(evolve(held, dates={}), by_rule("date", 90)) is None


def test_days_may_be_working_days() -> None:
    """Where days are working days, three days from a Thursday end on Tuesday, and the record returns on Wednesday."""
    held = Held(owner=ANN, since=at("2026-06-04T10:00"))
    assert day(held, evolve(by_rule("follow_up", 3), working_days=True)) == "2026-06-10"
    assert day(held, evolve(by_rule("follow_up", 0), working_days=True)) == "2026-06-05"
    closed = Calendar(zone=SHANGHAI.zone, is_working=lambda one: one.weekday() < 5 and one != date(2026, 6, 8))
    assert day(held, evolve(by_rule("follow_up", 3), working_days=True), closed) == "2026-06-11"


def test_days_are_those_of_the_home_time_zone() -> None:
    """The same moment is another day elsewhere; a protection of days keeps the time of day when clocks change."""
    held = Held(owner=ANN, since=datetime(2026, 3, 27, 23, 30, tzinfo=UTC))
    paris = Calendar(zone=ZoneInfo("Europe/Paris"))
    assert day(held, by_rule("follow_up", 1), paris) == "2026-03-30"
    assert day(held, by_rule("follow_up", 1), Calendar(zone=ZoneInfo("America/New_York"))) == "2026-03-29"
    (found,) = returns(held, [terms(initial=timedelta(days=2))], paris)
    assert found.at == datetime(2026, 3, 29, 22, 30, tzinfo=UTC)
    (found,) = returns(held, [terms(initial=timedelta(hours=48))], SHANGHAI)
    assert found.at - held.since == timedelta(hours=48)


def test_a_follow_up_starts_the_days_anew() -> None:
    """No new follow-up: the days count from the later of the last one and the day on which the owner got it."""
    held = Held(owner=ANN, since=at("2026-06-01T10:00"))
    assert day(evolve(held, follow_ups={"call": at("2026-06-03T10:00")}), by_rule("follow_up", 3)) == "2026-06-07"
    assert day(evolve(held, follow_ups={"call": at("2026-05-03T10:00")}), by_rule("follow_up", 3)) == "2026-06-05"


def test_what_was_asked_for_and_done_ends_a_rule() -> None:
    """An opportunity opened since the owner got the record, or one that was won, keeps it; an earlier one doesn't."""
    held = Held(owner=ANN, since=at("2026-06-01T10:00"))
    late, early = at("2026-06-02T10:00"), at("2026-05-02T10:00")
    assert day(evolve(held, opportunities={None: late}), by_rule("opportunity", 3)) is None
    assert day(evolve(held, opportunities={None: early}), by_rule("opportunity", 3)) == "2026-06-05"
    assert day(evolve(held, wins={None: late}), by_rule("won", 3, spares_won=False)) is None
    assert day(evolve(held, wins={None: early}), by_rule("won", 3, spares_won=False)) == "2026-06-05"


def test_rules_may_be_about_a_level_or_a_product() -> None:
    """A rule for a level takes no other; of a rule for a product, only that product's opportunities count."""
    held = Held(owner=ANN, since=at("2026-06-01T10:00"), level="a")
    assert day(held, by_rule("follow_up", 3, level="a")) == "2026-06-05"
    assert day(held, by_rule("follow_up", 3, level="b")) is None
    sold = evolve(held, opportunities={None: at("2026-06-02T10:00"), 5: at("2026-06-02T10:00")})
    assert day(sold, by_rule("opportunity", 3, product=5)) is None
    assert day(sold, by_rule("opportunity", 3, product=6)) == "2026-06-05"
    assert day(held, by_rule("follow_up", 3, product=5)) is None
    assert day(evolve(held, products=frozenset({5})), by_rule("follow_up", 3, product=5)) == "2026-06-05"


def test_exemptions() -> None:
    """Locked records stay, and so do those that a rule spares: won ones, ones with open opportunities, by a filter."""
    held, rule = Held(owner=ANN, since=ALWAYS), by_rule("follow_up", 3, spares_opportunities=True)
    assert day(held, rule) is not None
    assert day(evolve(held, is_locked=True), rule) is None
    assert day(evolve(held, wins={None: ALWAYS}), rule) is None
    assert day(evolve(held, has_open=frozenset({None})), rule) is None
    assert day(evolve(held, exempt=frozenset({1})), rule) is None
    assert day(evolve(held, wins={None: ALWAYS}), by_rule("follow_up", 3, spares_won=False)) is not None


def test_only_what_members_own_returns() -> None:
    """A pool takes nothing from who is no member; one without members takes nothing at all."""
    assert day(evolve(CLAIMED, owner=BOB), PROTECTED) is None
    assert day(CLAIMED, evolve(PROTECTED, members=frozenset())) is None


def test_the_earliest_return_counts_then_the_priority() -> None:
    """Of several returns the earliest counts; of equal ones, that of the pool with the lowest priority."""
    first = evolve(by_rule("follow_up", 3), pool=1, target=11, priority=2)
    second = evolve(by_rule("won", 3), pool=2, target=12, priority=1)
    third = evolve(by_rule("follow_up", 2), pool=3, target=13, priority=9)
    held = Held(owner=ANN, since=at("2026-06-01T10:00"))
    found = returns(held, [first, second, third], SHANGHAI)
    assert [each.pool for each in found] == [3, 2, 1]
    assert first_return(held, [first, second, third], SHANGHAI) == found[0]
    assert [each.target for each in due(held, [first, second], at("2026-06-05T00:00"), SHANGHAI)] == [12, 11]
    assert due(held, [first, second], at("2026-06-04T23:59:59"), SHANGHAI) == []
