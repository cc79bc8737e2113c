"""Comparing: how alike two records are, and why."""

from __future__ import annotations

from functools import lru_cache
from math import log2
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.lifecycle.duplicates.forms import SORTED, form

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from crmkit.core.declare.duplicates import Compare, DuplicateRule, Way

    Values = Mapping[str, object]
    """The values of a record by field, without those that may not be looked at."""


@frozen(kw_only=True)
class Reason:
    """One comparison that speaks for two records being the same, or against it; it names fields, and quotes no value.

    Attributes:
        fields: the fields that were compared.
        similarity: how alike the values are, 0 to 1.
        weight: how much it adds to the odds, as a power of two; what is less than 0 speaks against it.
    """

    fields: tuple[str, ...]
    similarity: float
    weight: float


@frozen(kw_only=True)
class Likeness:
    """How likely two records are the same: `score`, 0 to 1; what speaks for it, and against it, the strongest first."""

    score: float
    reasons: tuple[Reason, ...]
    against: tuple[Reason, ...]


class Forms:
    """The values of a record, by field, in the forms in which they are compared; each is made once."""

    __slots__ = ("_by_rule", "_made", "values")

    def __init__(self, values: Values) -> None:
        self.values = values
        self._made: dict[tuple[tuple[str, ...], Way], list[str]] = {}
        self._by_rule: dict[str, list[list[str]]] = {}

    def of(self, fields: tuple[str, ...], way: Way) -> list[str]:
        """Return the values of some fields, those that there are."""
        made = self._made.get((fields, way))
        if made is None:
            found = (form(way, value) for name in fields if (value := self.values.get(name)) is not None)
            made = self._made[fields, way] = list(dict.fromkeys(each for each in found if each))
        return made

    def by(self, rule: DuplicateRule) -> list[list[str]]:
        """Return what each comparison of a rule compares."""
        made = self._by_rule.get(rule.name)
        if made is None:
            made = self._by_rule[rule.name] = [self.of(each.fields, each.way) for each in rule.compares]
        return made


def likeness(rule: DuplicateRule, one: Forms, other: Forms) -> Likeness:
    """Compare two records by a rule."""
    compared = list(weights(rule, one, other))
    told = [
        Reason(fields=compare.fields, similarity=round(similarity, 4), weight=round(weight, 2))
        for compare, similarity, weight in sorted(compared, key=lambda each: -abs(each[2]))
    ]
    return Likeness(
        score=score_of(rule, compared),
        reasons=tuple(each for each in told if each.weight > 0),
        against=tuple(each for each in told if each.weight <= 0),
    )


def score(rule: DuplicateRule, one: Forms, other: Forms) -> float:
    """Return the score of two records, 0 to 1, and nothing of why."""
    return score_of(rule, weights(rule, one, other))


def weights(rule: DuplicateRule, one: Forms, other: Forms) -> Iterator[tuple[Compare, float, float]]:
    """Yield the comparisons for which both records have a value, each with its similarity and its weight."""
    for compare, ours, theirs in zip(rule.compares, one.by(rule), other.by(rule), strict=True):
        if ours and theirs:
            closest = max(similarity(compare.way, first, second) for first in ours for second in theirs)
            yield compare, closest, weight_of(compare, closest)


def score_of(rule: DuplicateRule, compared: Iterable[tuple[Compare, float, float]]) -> float:
    """Return the score that some weights make."""
    odds = log2(rule.prior / (1 - rule.prior)) if rule.prior < 1 else 0.0
    return round(1 / (1 + 2 ** -(odds + sum(weight for _compare, _similarity, weight in compared))), 6)


def similarity(way: Way, first: str, second: str) -> float:
    """Return how alike two values are, 0 to 1.

    Names by Jaro and Winkler, with the words in order and sorted (Winkler, String Comparator Metrics, 1990); dates by
    digits that are wrong or have changed places; addresses by their sorted words.
    """
    if first == second:
        return 1.0
    from rapidfuzz.distance import OSA, JaroWinkler  # imported late: most writes meet nothing that is alike
    from rapidfuzz.fuzz import token_sort_ratio

    if way in SORTED:
        ordered = JaroWinkler.normalized_similarity(first, second)
        return max(ordered, JaroWinkler.normalized_similarity(in_order(first), in_order(second)))
    if way == "date":
        return OSA.normalized_similarity(first, second)
    if way == "address":
        return token_sort_ratio(first, second) / 100
    return 0.0


@lru_cache(maxsize=65536)
def in_order(text: str) -> str:
    """Return the words of a text sorted."""
    return " ".join(sorted(text.split()))


def weight_of(compare: Compare, similarity: float) -> float:
    """Return what a similarity adds to the odds."""
    agreement, disagreement = evidence(compare.agrees, compare.chance)
    if similarity >= compare.near:
        return agreement
    if similarity <= compare.far:
        return disagreement
    return disagreement + (agreement - disagreement) * (similarity - compare.far) / (compare.near - compare.far)


@lru_cache
def evidence(agrees: float, chance: float) -> tuple[float, float]:
    """Return what agreement adds to the odds, and what disagreement does (Fellegi and Sunter, 1969)."""
    return log2(agrees / chance), log2((1 - agrees) / (1 - chance))
