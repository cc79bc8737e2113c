"""What can be wrong with an import or export as a whole; a single wrong row is a `RowProblem` instead."""

from __future__ import annotations

from attrs import define

from crmkit.errors import CRMKitError
from crmkit.translation import _, about, joined


class ExchangeError(CRMKitError):
    """An import or export can't be begun or continued; nothing was changed by this call unless the message says so."""


@define(kw_only=True, eq=False)
class MappingError(ExchangeError):
    """A mapping says something that can't be understood, or that doesn't fit the model; all problems at once."""

    path: str
    problems: tuple[str, ...]

    @property
    def message(self) -> str:
        """List every problem of the mapping."""
        return about(self.path, joined(self.problems, "; "))


@define(kw_only=True, eq=False)
class UnfittingFilesError(ExchangeError):
    """The files are not those that the mapping describes; nothing was imported."""

    problems: tuple[str, ...]

    @property
    def message(self) -> str:
        """List every problem of every file."""
        return joined([_("Nothing was imported."), *self.problems])


@define(kw_only=True, eq=False)
class ChangedFilesError(ExchangeError):
    """An import that was interrupted is to be continued with other files or another mapping."""

    id: int
    changed: tuple[str, ...]

    @property
    def message(self) -> str:
        """Name what changed and the two ways out."""
        return _(
            "Import {id} was interrupted, and can't be continued because these changed since: {names}. "
            "Put them back as they were, or begin a new import (resume=False).",
            id=self.id,
            names=", ".join(self.changed),
        )


@define(kw_only=True, eq=False)
class UnknownImportError(ExchangeError):
    """There is no import of that number."""

    id: int

    @property
    def message(self) -> str:
        """Name the number."""
        return _("There is no import {id}.", id=self.id)


@define(kw_only=True, eq=False)
class ImportStateError(ExchangeError):
    """An import can't be continued or reverted in the state it is in."""

    id: int
    state: str
    wanted: str

    @property
    def message(self) -> str:
        """Say the state, and what it would have to be."""
        return _(
            "Import {id} is {state}; only one that is {wanted} can be taken up here.",
            id=self.id,
            state=self.state,
            wanted=self.wanted,
        )


@define(kw_only=True, eq=False)
class LostRowsError(ExchangeError):
    """Rows of one import were written twice at the same time; the transaction was rolled back."""

    id: int

    @property
    def message(self) -> str:
        """Say what to do."""
        return _(
            "Import {id} is being worked on by another program at this moment. Run it again when that is done.",
            id=self.id,
        )
