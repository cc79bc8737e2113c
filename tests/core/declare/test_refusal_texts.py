"""What a refusal says stays readable, however long or many the values are."""

from __future__ import annotations

import pytest

from crmkit.core.declare import kinds
from crmkit.core.declare.conventions import Conventions
from crmkit.errors import InvalidValue, Refusal, Refused


@pytest.mark.parametrize(
    "kind", [kinds.BooleanKind(), kinds.DateKind(), kinds.ChoiceKind(choices=("a",)), kinds.RefKind(target="user")]
)
def test_a_long_value_is_quoted_in_part(kind: kinds.Kind) -> None:
    """A value of a million characters is named in a few hundred, and what would fit is still said."""
    with pytest.raises(InvalidValue) as refused:
        kind.parse("x" * 1_000_000, Conventions())
    assert len(str(refused.value)) < 1000
    assert str(refused.value).endswith(".")


def test_many_refusals_are_all_kept_and_the_first_are_listed() -> None:
    """The message lists a hundred refusals and counts the rest; `refusals` holds all."""
    refusals = tuple(Refusal(path="name", text=f"Number {number}.", index=number) for number in range(3000))
    error = Refused(entity="customer", refusals=refusals)
    assert len(error.refusals) == 3000
    assert "Number 99." in str(error)
    assert "Number 100." not in str(error)
    assert str(error).endswith("And 2900 more.")
