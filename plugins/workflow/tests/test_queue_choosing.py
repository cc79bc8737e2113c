"""Who gets the next record of a queue: the pure function."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit_workflow.queues.choosing import Turn, Worker, choose, loaded

pytestmark = pytest.mark.row("D5")

ANN, BOB, CEM = 1, 2, 3


def dealt(strategy: str, workers: list[Worker], number: int, *, turn: Turn | None = None) -> list[int | None]:
    """Deal out so many records, each of which the one who gets it has from then on."""
    found, state = [], turn or Turn()
    for _each in range(number):
        one = choose(strategy, workers, state)
        found.append(one.user)
        state = one.turn
        workers = workers if one.user is None else loaded(workers, one.user)
    return found


def test_in_turn() -> None:
    """Ten records go to Ann and Bob like cards; a new member takes its place in the ring, and nobody starts again."""
    both = [Worker(user=ANN), Worker(user=BOB)]
    assert dealt("round_robin", both, 10) == [ANN, BOB] * 5
    assert dealt("round_robin", [*both, Worker(user=CEM)], 4, turn=Turn(last=BOB)) == [CEM, ANN, BOB, CEM]


def test_in_turn_by_weight() -> None:
    """Shares are as the weights say, and spread: 5, 1, 1 gives a a b a c a a (nginx's own example)."""
    workers = [Worker(user=ANN, weight=5), Worker(user=BOB), Worker(user=CEM)]
    assert dealt("weighted", workers, 7) == [ANN, ANN, BOB, ANN, CEM, ANN, ANN]
    assert choose("weighted", [Worker(user=ANN, weight=0)], Turn()).passed_over == {ANN: "no_weight"}


@given(st.lists(st.integers(min_value=1, max_value=9), min_size=1, max_size=6))
def test_weights_are_kept_exactly(weights: list[int]) -> None:
    """After as many records as the weights add up to, each has as many as its weight, and the gathered weight is 0."""
    workers = [Worker(user=number, weight=weight) for number, weight in enumerate(weights, 1)]
    assert Counter(dealt("weighted", workers, sum(weights))) == dict(enumerate(weights, 1))


def test_who_has_the_least() -> None:
    """The one with the fewest open records gets the next one; of several, whoever is next in turn."""
    workers = [Worker(user=ANN, load=3), Worker(user=BOB, load=1), Worker(user=CEM, load=1)]
    assert dealt("least_loaded", workers, 7) == [BOB, CEM, BOB, CEM, ANN, BOB, CEM]


def test_skills_and_territories() -> None:
    """A record needs all its skills, and one of its territories; without needs, anybody has the skills."""
    ann = Worker(user=ANN, skills=frozenset({"sql", "french"}), territories=frozenset({"north"}))
    bob = Worker(user=BOB, skills=frozenset({"sql"}), territories=frozenset({"south", "east"}))
    found = choose("skill", [ann, bob], Turn(), needs=frozenset({"sql", "french"}))
    assert (found.user, found.candidates, found.passed_over) == (ANN, (ANN,), {BOB: "lacks_skill"})
    assert choose("skill", [ann, bob], Turn()).candidates == (ANN, BOB)
    found = choose("territory", [ann, bob], Turn(), needs=frozenset({"east"}))
    assert (found.user, found.passed_over) == (BOB, {ANN: "other_territory"})


def test_every_member_is_a_candidate_or_says_why_not() -> None:
    """Inactive and absent members, full ones, and those who declined are passed over, each with its reason."""
    workers = [
        Worker(user=1, is_active=False),
        Worker(user=2, is_absent=True),
        Worker(user=3, load=2, capacity=2),
        Worker(user=4),
        Worker(user=5, load=1, capacity=2),
    ]
    found = choose("round_robin", workers, Turn(last=5), declined=frozenset({4}))
    assert found.user == 5
    assert found.passed_over == {1: "inactive", 2: "absent", 3: "full", 4: "declined"}
    found = choose("round_robin", workers, Turn(), declined=frozenset({4, 5}))
    assert found.user is None
    assert found.is_declined_by_all
    assert found.turn == Turn()


@pytest.mark.parametrize("strategy", ["grab", "manual"])
def test_some_queues_give_nothing_out(strategy: str) -> None:
    """From a queue to grab from, and from one that is given out by hand, nobody gets anything by itself."""
    found = choose(strategy, [Worker(user=ANN)], Turn())
    assert (found.user, found.candidates) == (None, (ANN,))
