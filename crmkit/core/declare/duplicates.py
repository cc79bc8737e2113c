"""Duplicate rules: when two records of an entity are likely to stand for the same thing, and what is done about it."""

from __future__ import annotations

from typing import Literal, get_args

from attrs import field, frozen
from attrs.validators import in_

from crmkit.core.declare.names import check_name
from crmkit.errors import DeclarationError
from crmkit.translation import _

Way = Literal["email", "phone", "person", "organisation", "domain", "date", "address", "postcode", "sound", "same"]
"""How values are brought into a comparable form; see docs/how-to/duplicates.md."""


def as_tuple(given: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return a name or several as a tuple."""
    return (given,) if isinstance(given, str) else tuple(given)


@frozen(kw_only=True)
class Key:
    """Part of a key: records with the same key are looked at closely; the values of all the fields count.

    `sound` is the Soundex code of the last word of a name; the other ways are as in `Compare`.
    """

    fields: tuple[str, ...] = field(converter=as_tuple)
    way: Way = field(validator=in_(get_args(Way)))


@frozen(kw_only=True)
class Compare:
    """One comparison of two records: the closest pair of the values that either has in these fields.

    The weights are those of record linkage (Fellegi and Sunter, A Theory for Record Linkage, JASA 64, 1969): agreement
    adds log2(agrees / chance) to the odds that both are the same, disagreement log2((1 - agrees) / (1 - chance)), a
    missing value nothing, and similarity between `far` and `near` what lies between.

    Attributes:
        agrees: how often the values agree if both are the same.
        chance: how often they agree by chance if not.
        near, far: the similarity (0 to 1) from which values agree, and up to which they disagree.
    """

    fields: tuple[str, ...] = field(converter=as_tuple)
    way: Way = field(validator=in_(get_args(Way)))
    agrees: float = 0.9
    chance: float = 0.001
    near: float = 0.92
    far: float = 0.75

    def __attrs_post_init__(self) -> None:
        if not 0 < self.chance < self.agrees < 1 or not 0 <= self.far < self.near <= 1:
            problem = _("chance must be less than agrees, far less than near, and all between 0 and 1.")
            raise DeclarationError(subject=_("comparison of {names}", names=", ".join(self.fields)), problem=problem)


@frozen(kw_only=True)
class DuplicateRule:
    """When two records of an entity are likely to be the same, and what is done when such a one is written.

    Attributes:
        keys: records are compared that share one of these; each is made of one part or more.
        compares: the comparisons whose weights add up.
        prior: how many of the pairs that share a key are the same, before anything is compared.
        warn: the score (0 to 1, the odds as a probability) from which the session is told.
        link: the score from which the new record is linked to the other one, as `duplicate_of`.
        block: the score from which the record is refused.
        largest: a key that more records share than this says nothing, and is passed over.
    """

    name: str
    entity: str
    keys: tuple[tuple[Key, ...], ...]
    compares: tuple[Compare, ...]
    prior: float = 0.001
    warn: float | None = 0.9
    link: float | None = None
    block: float | None = None
    largest: int = 100

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "duplicate rule")
        thresholds = [each for each in (self.prior, self.warn, self.link, self.block) if each is not None]
        if not self.keys or not self.compares or not all(0 < each <= 1 for each in thresholds):
            problem = _("it needs keys and comparisons, and thresholds between 0 and 1.")
            raise DeclarationError(subject=_("duplicate rule {name!r}", name=self.name), problem=problem)

    @property
    def field_names(self) -> frozenset[str]:
        """The names of all fields that it looks at."""
        keyed = {name for key in self.keys for part in key for name in part.fields}
        return frozenset(keyed | {name for each in self.compares for name in each.fields})

    @property
    def lowest(self) -> float | None:
        """The lowest score from which anything is done."""
        return min((each for each in (self.warn, self.link, self.block) if each is not None), default=None)
