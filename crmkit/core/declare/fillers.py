"""Filler rules: what people enter when they have to enter something."""

from __future__ import annotations

import re
from functools import cached_property

from attrs import define, field

from crmkit.core.declare.names import as_label, as_text, check_name
from crmkit.errors import DeclarationError
from crmkit.translation import _


@define(kw_only=True, frozen=True, slots=False)
class FillerRule:
    """A sort of value that says nothing, such as `xxx` or `n/a`. It is counted by the report `data_quality`.

    Attributes:
        pattern: a regular expression that the whole text matches, in small letters and without space around it; of a
            telephone number, its digits.
        kinds: the kinds of fields it is about; none means all that hold texts. Unique fields are never looked at.
    """

    name: str
    pattern: str
    kinds: tuple[str, ...] = ()
    label: str = field(default="", converter=as_text)

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "filler rule")
        if not self.label:
            object.__setattr__(self, "label", as_label(self.name))
        try:
            re.compile(self.pattern)
        except re.error as error:
            problem = _("its pattern is no regular expression: {error}.", error=error)
            raise DeclarationError(subject=_("filler rule {name!r}", name=self.name), problem=problem) from None

    @cached_property
    def expression(self) -> re.Pattern[str]:
        """The pattern, ready to be used."""
        return re.compile(self.pattern)

    def finds(self, kind: str, text: str) -> bool:
        """Return whether a text in a field of this kind is filler; it comes in small letters, without space around."""
        return (not self.kinds or kind in self.kinds) and self.expression.fullmatch(text) is not None
