"""Reading: filters, names and values that can't be understood."""

from __future__ import annotations

from attrs import define

from crmkit.errors.root import CRMKitError, listed
from crmkit.translation import _

LONGEST_TEXT, QUOTED = 1000, 200


@define(kw_only=True, eq=False)
class FilterError(CRMKitError):
    """A filter expression is wrong; `position` counts characters from 0."""

    expression: str
    position: int
    problem: str

    @property
    def message(self) -> str:
        """Point at the position."""
        start = max(0, self.position - 40)
        shown = self.expression[start : self.position + 40]
        return _(
            "{problem} At character {position}: {text!r}.",
            problem=self.problem,
            position=self.position + 1,
            text=shown,
        )


@define(kw_only=True, eq=False)
class FieldHidden(CRMKitError):
    """A field is read that the actor may not see, or that was not loaded."""

    entity: str
    name: str

    @property
    def message(self) -> str:
        """Name the field."""
        return _(
            "The field {name!r} of this {entity} is hidden from this session's actor.",
            name=self.name,
            entity=self.entity,
        )


@define(kw_only=True, eq=False)
class UnknownNameError(CRMKitError):
    """A name (of an entity, field, stage, report, setting...) is not known to the assembled model."""

    sort: str
    name: str
    known: tuple[str, ...] = ()
    nearest: str | None = None

    @property
    def message(self) -> str:
        """Name it, and the nearest known name."""
        if self.nearest:
            return _(
                "There is no {sort} {name!r}. Did you mean {nearest!r}?",
                sort=self.sort,
                name=self.name,
                nearest=self.nearest,
            )
        return _(
            "There is no {sort} {name!r}. Known: {names}.", sort=self.sort, name=self.name, names=listed(self.known)
        )


class InvalidValue(CRMKitError, ValueError):
    """A value does not fit its field; the text says why and what would fit. Long values are quoted in part."""

    @property
    def message(self) -> str:
        """The text, its middle left out if it quotes a value of great length."""
        text = super().message
        return text if len(text) <= LONGEST_TEXT else f"{text[:QUOTED]} ... {text[-QUOTED:]}"
