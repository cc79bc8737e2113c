"""Comparing: how alike two records are, and why."""

from __future__ import annotations

from math import log2
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.lifecycle.duplicates.forms import SORTED, form

if TYPE_CHECKING:
    from collections.abc import Mapping

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


def likeness(rule: DuplicateRule, one: Values, other: Values) -> Likeness:
    """Compare two records by a rule."""
    odds = log2(rule.prior / (1 - rule.prior)) if rule.prior < 1 else 0.0
    told = []
    for compare in rule.compares:
        similarity = closest(compare, one, other)
        if similarity is None:
            continue
        weight = weight_of(compare, similarity)
        odds += weight
        told.append(Reason(fields=compare.fields, similarity=round(similarity, 4), weight=round(weight, 2)))
    told.sort(key=lambda each: -abs(each.weight))
    return Likeness(
        score=round(1 / (1 + 2**-odds), 6),
        reasons=tuple(each for each in told if each.weight > 0),
        against=tuple(each for each in told if each.weight <= 0),
    )


def closest(compare: Compare, one: Values, other: Values) -> float | None:
    """Return the similarity of the closest pair of values; None if either record has none."""
    ours, theirs = forms_of(compare.fields, compare.way, one), forms_of(compare.fields, compare.way, other)
    if not ours or not theirs:
        return None
    return max(similarity(compare.way, first, second) for first in ours for second in theirs)


def forms_of(fields: tuple[str, ...], way: Way, values: Values) -> list[str]:
    """Return the values of some fields, those that there are, in the form in which they are compared."""
    found = (form(way, value) for name in fields if (value := values.get(name)) is not None)
    return list(dict.fromkeys(each for each in found if each))


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


def in_order(text: str) -> str:
    """Return the words of a text sorted."""
    return " ".join(sorted(text.split()))


def weight_of(compare: Compare, similarity: float) -> float:
    """Return what a similarity adds to the odds."""
    agreement = log2(compare.agrees / compare.chance)
    disagreement = log2((1 - compare.agrees) / (1 - compare.chance))
    if similarity >= compare.near:
        return agreement
    if similarity <= compare.far:
        return disagreement
    return disagreement + (agreement - disagreement) * (similarity - compare.far) / (compare.near - compare.far)
