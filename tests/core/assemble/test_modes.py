"""Modes and presets: which answers speak for a mode, and what can't be declared."""

from __future__ import annotations

import pytest

from crmkit import CRM, Mode, Preset, Question
from crmkit.core.assemble.modes import ModeState, plugins_of, presets, questions, suggested
from crmkit.core.declare.kinds import Choice
from crmkit.errors import DeclarationError, UnknownNameError
from crmkit.testing.plugins import make_plugin


def state(name: str, **weights: int) -> ModeState:
    """Return an installed mode for which the answers to `buying` speak so strongly."""
    mode = Mode(name=name, purpose="To be chosen.", suited_by={"buying": weights})
    return ModeState(mode=mode, plugin=name, is_enabled=False)


@pytest.mark.row("N25")
def test_the_strongest_modes_are_suggested() -> None:
    """At most two, and the second only if it is at least half as strong as the first."""
    found = {each.mode.name: each for each in (state("a", counter=1), state("b", counter=4), state("c", counter=2))}
    assert [(each.mode.name, weight) for each, weight in suggested(found, {"buying": "counter"})] == [
        ("b", 4),
        ("c", 2),
    ]
    assert suggested(found, {"buying": "visits"}) == []
    assert suggested({}, {"buying": "counter"}) == []


@pytest.mark.parametrize(
    "declared",
    [
        Mode(name="rental", purpose="x", suited_by={"byuing": {"counter": 1}}),
        Mode(name="rental", purpose="x", suited_by={"buying": {"conter": 1}}),
        Preset(name="later", purpose="x", follows="never"),
        Preset(name="later", purpose="x", follows="later"),
    ],
)
def test_what_nobody_declares_is_refused(declared: object) -> None:
    """Questions, answers and presets that are spoken of must be there; a preset can't follow itself."""
    with pytest.raises(DeclarationError, match="which no enabled plugin declares"):
        CRM("sqlite://", [make_plugin("rental", declared)])


@pytest.mark.row("N27")
def test_plugins_add_questions_and_presets() -> None:
    """The core's own are declarations like any other."""
    asked = Question(name="climate", text="Is it cold?", answers=(Choice("yes"), Choice("no")))
    mode = Mode(name="rental", purpose="x", suited_by={"climate": {"yes": 2}})
    preset = Preset(name="decline", purpose="x", plugins=("sales", "rental"), follows="regrowth")
    model = CRM("sqlite://", [make_plugin("rental", asked, mode, preset)]).model
    assert questions(model)["climate"] == asked
    assert mode.weight({"climate": "yes"}) == 2
    found = plugins_of(presets(model), "decline")
    assert (found[0], found[-1], found.count("sales")) == ("sales", "rental", 1)
    with pytest.raises(UnknownNameError, match="growth"):
        plugins_of(presets(model), "grwoth")
