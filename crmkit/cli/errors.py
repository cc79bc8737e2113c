"""What can be wrong with how the command line is used."""

from __future__ import annotations

from attrs import define

from crmkit.errors import CRMKitError, DatabaseError
from crmkit.translation import _


class UsageProblem(CRMKitError):
    """A command is called in a way that it can't be."""


@define(kw_only=True, eq=False)
class NoEditionError(UsageProblem):
    """Nothing says which CRM is meant."""

    folder: str

    @property
    def message(self) -> str:
        """Say where was looked, and what to do."""
        return _(
            "There is no crmkit.toml in {folder} or above. "
            "Run `crmkit init` to make one, or say --edition FILE or --database URL.",
            folder=self.folder,
        )


@define(kw_only=True, eq=False)
class DatabaseUrlError(DatabaseError):
    """The URL of the database can't be used."""

    problem: str

    @property
    def message(self) -> str:
        """Say what is wrong and what URLs look like."""
        return _(
            "The URL of the database can't be used: {problem}. "
            "Write it like sqlite:///crm.db or postgresql://user@host/name (needs crmkit[postgresql]).",
            problem=self.problem,
        )


class NoActorError(UsageProblem):
    """Nobody is chosen to act, and the operating system doesn't know who it is."""

    @property
    def message(self) -> str:
        """Say what to do."""
        return _("Say who acts: --as NAME, or set CRMKIT_ACTOR.")


@define(kw_only=True, eq=False)
class FileExistsAlready(UsageProblem):
    """A file or folder would be overwritten."""

    path: str
    advice: str

    @property
    def message(self) -> str:
        """Name it and say what to do."""
        return _("{path} exists already. {advice}", path=self.path, advice=self.advice)


@define(kw_only=True, eq=False)
class AssignmentError(UsageProblem):
    """An argument is no `field=value`, or a field is given twice."""

    argument: str
    problem: str

    @property
    def message(self) -> str:
        """Show the argument."""
        return f"{self.argument!r}: {self.problem}"


@define(kw_only=True, eq=False)
class NoSuchNameError(UsageProblem):
    """A record is named that isn't there, or that several records could be."""

    entity: str
    text: str
    candidates: tuple[str, ...] = ()
    is_ambiguous: bool = False

    @property
    def message(self) -> str:
        """Name what was given and what it could be."""
        if self.is_ambiguous:
            return _(
                "{text!r} could be any of: {names}. Say which one by its id.",
                text=self.text,
                names="; ".join(self.candidates),
            )
        hint = _(" Did you mean {names}?", names="; ".join(self.candidates)) if self.candidates else ""
        return _("There is no {entity} {text!r}.{hint}", entity=self.entity, text=self.text, hint=hint)


@define(kw_only=True, eq=False)
class OutputError(UsageProblem):
    """A file can't be written."""

    path: str
    problem: str

    @property
    def message(self) -> str:
        """Name the file and the reason."""
        return _("{path} can't be written: {problem}.", path=self.path, problem=self.problem)
