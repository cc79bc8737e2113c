"""What the global options choose: the edition, further plugins, the database and the acting user."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.app import CRM
    from crmkit.core.lifecycle.session import Session

FILE = "crmkit.toml"
NOWHERE = "sqlite://"


class Chosen:
    """The CRM that a command works on, assembled when it is first asked for."""

    def __init__(
        self,
        *,
        edition: Path | None = None,
        plugins: tuple[str, ...] = (),
        database: str | None = None,
        actor: str | None = None,
        tenant: str | None = None,
    ) -> None:
        self.edition_is_given = edition is not None
        self.edition = edition or nearest_edition(Path.cwd())
        self.plugins = plugins
        self.database = database
        self.tenant = tenant
        self._actor = actor

    @property
    def is_there(self) -> bool:
        """Whether anything is chosen that plugins could come from."""
        return self.edition is not None or bool(self.plugins)

    @property
    def assembled(self) -> CRM | None:
        """The CRM, if it was asked for already."""
        return self.__dict__.get("crm")

    @cached_property
    def crm(self) -> CRM:
        """The CRM; nothing is connected yet.

        Raises:
            AssemblyError: if edition or plugins are wrong.
        """
        from crmkit.app import CRM

        if self.edition is not None:
            return CRM.from_edition(self.edition, plugins=self.plugins, database=self.database)
        return CRM(self.database or NOWHERE, self.plugins)

    @cached_property
    def database_crm(self) -> CRM:
        """The CRM, or the tenant that was chosen, where a database is needed.

        Raises:
            NoEditionError, DatabaseUrlError: as `home_crm`.
            TenantError: if there is no such tenant, or it can't be worked in.
        """
        return self.home_crm if self.tenant is None else self.home_crm.tenant(self.tenant)

    @cached_property
    def home_crm(self) -> CRM:
        """The CRM itself, where a database is needed, whichever tenant was chosen.

        Raises:
            NoEditionError: if nothing says which database.
            DatabaseUrlError: if the URL can't be used, or the driver is not installed.
        """
        from crmkit.cli.errors import DatabaseUrlError, NoEditionError

        if self.edition is None and self.database is None:
            raise NoEditionError(folder=str(Path.cwd()))
        crm = self.crm
        from sqlalchemy.exc import ArgumentError

        try:
            crm.engine  # noqa: B018  (it is made when it is first asked for)
        except (ArgumentError, ValueError) as error:
            raise DatabaseUrlError(problem=_("it can't be read: {error}", error=error)) from error
        except ModuleNotFoundError as error:
            raise DatabaseUrlError(problem=_("its driver {error!r} is not installed", error=error.name)) from error
        return crm

    @cached_property
    def actor(self) -> str:
        """The host's id of the acting user: as chosen, or the name that the operating system knows.

        Raises:
            NoActorError: if nobody is chosen and the operating system doesn't know either.
        """
        return self._actor or system_user()

    def session(self, *, readonly: bool = False) -> Session:
        """Open a session of the acting user."""
        return self.database_crm.session(actor=self.actor, readonly=readonly)

    def close(self) -> None:
        """Close what was opened."""
        if "crm" in self.__dict__:
            self.crm.close()

    @property
    def arguments(self) -> tuple[str, ...]:
        """The options that choose the same edition, and the same tenant, again."""
        return self.edition_arguments if self.tenant is None else (*self.edition_arguments, "--tenant", self.tenant)

    @property
    def edition_arguments(self) -> tuple[str, ...]:
        """The options that choose the same edition again."""
        if self.edition is None or self.edition.parent.resolve() == Path.cwd():
            return ()
        return "--edition", os.path.relpath(self.edition)


def nearest_edition(folder: Path) -> Path | None:
    """Return the edition in a folder or in the nearest one above that has one."""
    for each in (folder, *folder.parents):
        if (each / FILE).is_file():
            return each / FILE
    return None


def system_user() -> str:
    """Return the name by which the operating system knows who runs this.

    Raises:
        NoActorError: if it knows none.
    """
    import getpass

    from crmkit.cli.errors import NoActorError

    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        raise NoActorError from None
