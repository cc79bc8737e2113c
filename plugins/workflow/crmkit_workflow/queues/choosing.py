"""Choosing: who of a queue's members gets the next record, as a pure function of who they are and whose turn it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import evolve, field, frozen

from crmkit_workflow.queues.entities import AUTOMATIC

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Passed = Literal["inactive", "absent", "full", "declined", "lacks_skill", "other_territory", "no_weight"]


@frozen(kw_only=True)
class Worker:
    """A member of a queue, at a moment.

    Attributes:
        load: how many open records the user has.
        capacity: how many it may have at most; None for any number.
    """

    user: int
    weight: int = 1
    load: int = 0
    capacity: int | None = None
    skills: frozenset[str] = frozenset()
    territories: frozenset[str] = frozenset()
    is_active: bool = True
    is_absent: bool = False


@frozen(kw_only=True)
class Turn:
    """Where a queue's turn is: who was last, and how much weight everybody has gathered."""

    last: int = 0
    gathered: Mapping[int, int] = field(factory=dict)


@frozen(kw_only=True)
class Found:
    """Who was found for a record.

    Attributes:
        user: who gets it; None if nobody can.
        strategy: by which strategy.
        candidates: who could have got it.
        passed_over: why the others couldn't.
        turn: where the turn is now.
    """

    user: int | None
    strategy: str
    candidates: tuple[int, ...]
    passed_over: Mapping[int, Passed]
    turn: Turn

    @property
    def is_declined_by_all(self) -> bool:
        """Whether nobody is left only because those who could have got it declined."""
        return self.user is None and "declined" in self.passed_over.values()


def choose(
    strategy: str,
    workers: Sequence[Worker],
    turn: Turn,
    *,
    needs: frozenset[str] = frozenset(),
    declined: frozenset[int] = frozenset(),
) -> Found:
    """Find who gets a record. `workers` are in the order of their ids; whoever comes next in turn wins a draw."""
    passed: dict[int, Passed] = {}
    able: list[Worker] = []
    for each in workers:
        reason = passed_over(strategy, each, needs, declined)
        if reason is None:
            able.append(each)
        else:
            passed[each.user] = reason
    candidates = tuple(each.user for each in able)
    if not able or strategy not in AUTOMATIC:
        return Found(user=None, strategy=strategy, candidates=candidates, passed_over=passed, turn=turn)
    user, after = by_weight(able, turn) if strategy == "weighted" else in_turn(strategy, able, turn)
    return Found(user=user, strategy=strategy, candidates=candidates, passed_over=passed, turn=after)


def passed_over(strategy: str, worker: Worker, needs: frozenset[str], declined: frozenset[int]) -> Passed | None:
    """Return why a member can't get a record, None if it can; of several reasons, the one that lasts longest."""
    reasons: tuple[tuple[Passed, bool], ...] = (
        ("inactive", not worker.is_active),
        ("absent", worker.is_absent),
        ("lacks_skill", strategy == "skill" and not needs <= worker.skills),
        ("other_territory", strategy == "territory" and not needs & worker.territories),
        ("no_weight", strategy == "weighted" and not worker.weight),
        ("full", worker.capacity is not None and worker.load >= worker.capacity),
        ("declined", worker.user in declined),
    )
    return next((reason for reason, holds in reasons if holds), None)


def in_turn(strategy: str, able: Sequence[Worker], turn: Turn) -> tuple[int, Turn]:
    """Return who comes next in turn, among those with the least load unless the strategy is plainly in turn."""
    least = min(each.load for each in able)
    fair = able if strategy in {"round_robin", "territory"} else [each for each in able if each.load == least]
    user = next((each.user for each in fair if each.user > turn.last), fair[0].user)
    return user, evolve(turn, last=user)


def by_weight(able: Sequence[Worker], turn: Turn) -> tuple[int, Turn]:
    """Return who has gathered the most weight: shares as the weights say, and spread as evenly as can be.

    Source: the smooth weighted round robin of nginx.
    """
    gathered = {each.user: turn.gathered.get(each.user, 0) + each.weight for each in able}
    user = max(gathered, key=lambda one: (gathered[one], -one))
    gathered[user] -= sum(each.weight for each in able)
    return user, Turn(last=user, gathered={**turn.gathered, **gathered})


def loaded(workers: Sequence[Worker], user: int, by: int = 1) -> list[Worker]:
    """Return the members, one of whom has so many records more."""
    return [evolve(each, load=each.load + by) if each.user == user else each for each in workers]
