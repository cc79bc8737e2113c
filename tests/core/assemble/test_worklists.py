"""Worklist kinds: declared for an entity, and refused when they speak of what there is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit import WorklistKind
from crmkit.errors import ClashError, DeclarationError
from crmkit.testing.plugins import make_plugin

if TYPE_CHECKING:
    from crmkit.testing.fixtures import CRMFactory

KIND = WorklistKind(
    name="close_soon",
    entity="opportunity",
    where="owner == me()",
    order="expected_close, -amount",
    until="expected_close",
)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_kinds_are_found_in_the_model(make_crm: CRMFactory) -> None:
    """Whoever shows worklists finds all kinds, with their plugins and labels."""
    crm = make_crm([make_plugin("one", KIND)], upgrade=False)
    assert [(each.label, plugin) for each, plugin in crm.model.of(WorklistKind)] == [("Close soon", "one")]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"entity": "oportunity"}, "Did you mean 'opportunity'"),
        ({"order": "-amuont"}, "Did you mean 'amount'"),
        ({"until": "expected_clos"}, "Did you mean 'expected_close'"),
        ({"title": "nam"}, "Did you mean 'name'"),
        ({"roles": ("membre",)}, "Did you mean 'member'"),
    ],
)
def test_kinds_speak_of_what_there_is(make_crm: CRMFactory, said: dict[str, object], problem: str) -> None:
    """A kind that speaks of an unknown entity, field or role is refused, with the nearest name."""
    given = {"name": "x", "entity": "opportunity", "where": "owner == me()"} | said
    with pytest.raises(DeclarationError, match=problem):
        make_crm([make_plugin("one", WorklistKind(**given))], upgrade=False)  # type: ignore[arg-type]


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_two_kinds_of_one_name_clash(make_crm: CRMFactory) -> None:
    """The error names both plugins."""
    other = WorklistKind(name="close_soon", entity="opportunity", where="amount > 5")
    with pytest.raises(ClashError, match=r"one.*two"):
        make_crm([make_plugin("one", KIND), make_plugin("two", other)], upgrade=False)
