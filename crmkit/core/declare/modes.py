"""Modes: ways of doing business, the questions that tell which one suits, and presets for how far a firm has grown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from crmkit.core.declare.names import as_label, as_text, check_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crmkit.core.declare.kinds import Choice


def _weights(given: Mapping[str, Mapping[str, int]]) -> tuple[tuple[str, tuple[tuple[str, int], ...]], ...]:
    return tuple((question, tuple(dict(answers).items())) for question, answers in dict(given).items())


@frozen(kw_only=True)
class Mode:
    """A way in which a firm wins and keeps customers, brought by the plugin of the same name.

    Attributes:
        purpose: what the mode is for, in a sentence.
        suits: for whom it is.
        suited_by: how strongly answers speak for the mode: weights by question and answer, such as
            `{"customers": {"huge": 3}}`; a negative weight speaks against it.
    """

    name: str
    label: str = field(default="", converter=as_text)
    purpose: str = field(converter=as_text)
    suits: str = field(default="", converter=as_text)
    suited_by: tuple[tuple[str, tuple[tuple[str, int], ...]], ...] = field(factory=dict, converter=_weights)

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "mode")
        if not self.label:
            object.__setattr__(self, "label", as_label(self.name))

    def weight(self, answers: Mapping[str, str]) -> int:
        """Return how strongly these answers, by question, speak for the mode."""
        return sum(dict(weights).get(answers.get(question, ""), 0) for question, weights in self.suited_by)


@frozen(kw_only=True)
class Question:
    """A question about a firm, whose answer tells which modes suit it."""

    name: str
    text: str = field(converter=as_text)
    answers: tuple[Choice, ...]

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "question")


@frozen(kw_only=True)
class Preset:
    """A set of plugins for how far a firm has grown. A later preset holds all that an earlier one has.

    Attributes:
        plugins: what it adds to the preset that it follows, by the plugins' names.
        follows: the preset before it.
    """

    name: str
    label: str = field(default="", converter=as_text)
    purpose: str = field(converter=as_text)
    plugins: tuple[str, ...] = ()
    follows: str | None = None

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "preset")
        if not self.label:
            object.__setattr__(self, "label", as_label(self.name))
