"""What will go is said to whom it concerns, and until when it works."""

from __future__ import annotations

import warnings

import pytest

from crmkit import CRM, CRMKitDeprecationWarning
from crmkit.core.declare import hooks
from crmkit.testing.plugins import make_plugin

OLD = CRMKitDeprecationWarning(what="crmkit_after_move", since="0.2", instead="Implement crmkit_after_update.")
MARKED = {"hook": ("warn_on_impl", OLD), "argument": ("warn_on_impl_args", {"changes": OLD})}


def react(changes: object) -> None:
    """React to nothing."""


@pytest.mark.parametrize("marked", MARKED)
def test_a_plugin_that_uses_what_will_go_is_told(monkeypatch: pytest.MonkeyPatch, marked: str) -> None:
    """The warning names the hook, and the line of the implementation; others are told nothing, and it still works."""
    name, value = MARKED[marked]
    monkeypatch.setitem(vars(hooks.crmkit_after_move)["crmkit_spec"], name, value)
    with pytest.warns(CRMKitDeprecationWarning, match=r"crmkit_after_move is deprecated since crmkit 0\.2") as told:
        crm = CRM("sqlite://", [make_plugin("old", after_move=react)])
    assert (told[0].filename, told[0].lineno) == (__file__, react.__code__.co_firstlineno)
    assert [each.plugin for each in crm.model.hooks["crmkit_after_move"]] == ["old"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CRM("sqlite://", [make_plugin("new", after_update=react)])


def test_two_minor_releases_are_given() -> None:
    """What 0.9 deprecates works in 0.10 and may be gone in 0.11."""
    told = CRMKitDeprecationWarning(what="`Old`", since="0.9", instead="Use `New`.")
    assert told.gone_in == "0.11"
    assert str(told) == "`Old` is deprecated since crmkit 0.9, and may be gone in 0.11. Use `New`."
