"""Tenants: unknown, closed, half made, or where there can be none."""

from __future__ import annotations

from attrs import define

from crmkit.errors.root import CRMKitError
from crmkit.translation import _


class TenantError(CRMKitError):
    """Something is wrong with a tenant; nothing was changed."""


@define(kw_only=True, eq=False)
class NoTenantsError(TenantError):
    """This CRM can't have tenants."""

    problem: str

    @property
    def message(self) -> str:
        """Say why."""
        return _("This CRM can't have tenants: {problem}.", problem=self.problem)


@define(kw_only=True, eq=False)
class TenantNameError(TenantError):
    """A name can't be a tenant's."""

    name: str

    @property
    def message(self) -> str:
        """Say what a name looks like."""
        return _(
            "No tenant can be called {name!r}: a name begins with a small letter and holds up to 41 small letters, "
            "digits and underscores.",
            name=self.name,
        )


@define(kw_only=True, eq=False)
class UnknownTenantError(TenantError):
    """There is no such tenant, or it was dropped."""

    name: str

    @property
    def message(self) -> str:
        """Name it; no other is named, since whoever asks may be anybody."""
        return _("There is no tenant {name!r}. Make one with `crmkit tenants create {name}`.", name=self.name)


@define(kw_only=True, eq=False)
class TenantExistsError(TenantError):
    """There is such a tenant already, or something else is where it would live."""

    name: str
    location: str
    is_tenant: bool = True

    @property
    def message(self) -> str:
        """Name it, or what stands in its place."""
        if self.is_tenant:
            return _("There is a tenant {name!r} already.", name=self.name)
        return _(
            "The tenant {name!r} would live in {location}, which is there already and belongs to none. Remove it, or "
            "choose another name.",
            name=self.name,
            location=self.location,
        )


@define(kw_only=True, eq=False)
class TenantSuspendedError(TenantError):
    """The tenant is suspended: no session can be opened."""

    name: str

    @property
    def message(self) -> str:
        """Say how it is opened again."""
        return _("The tenant {name!r} is suspended. Open it again with `crmkit tenants resume {name}`.", name=self.name)


@define(kw_only=True, eq=False)
class TenantUnfinishedError(TenantError):
    """The tenant is being created or dropped, or that was begun and not finished; `state` says which."""

    name: str
    state: str

    @property
    def message(self) -> str:
        """Say what finishes it."""
        if self.state == "creating":
            return _(
                "The tenant {name!r} is not ready yet. If nobody is creating it, finish that with "
                "`crmkit tenants create {name}`.",
                name=self.name,
            )
        return _(
            "The tenant {name!r} is being dropped. If nobody does that, finish it with "
            "`crmkit tenants drop {name} --confirm {name}`.",
            name=self.name,
        )


@define(kw_only=True, eq=False)
class TenantNotConfirmedError(TenantError):
    """A tenant would be dropped, and nobody has said its name a second time; nothing was changed."""

    name: str

    @property
    def message(self) -> str:
        """Say how it is confirmed."""
        return _(
            "Dropping the tenant {name!r} deletes all its data for good. Say confirm={name!r} "
            "(on the command line --confirm {name}) if that is meant.",
            name=self.name,
        )


@define(kw_only=True, eq=False)
class TenantStorageError(TenantError):
    """The schema or file of a tenant can't be made or deleted; what was begun can be done again."""

    name: str
    location: str
    problem: str

    @property
    def message(self) -> str:
        """Name where it lives, and the words of the system or the database."""
        return _(
            "{location}, where the tenant {name!r} lives, can't be made or deleted: {problem}. Put that right, and do "
            "it again.",
            name=self.name,
            location=self.location,
            problem=self.problem,
        )


@define(kw_only=True, eq=False)
class WrongConnectionError(TenantError):
    """A host's connection leads to another database than the tenant's."""

    name: str
    location: str

    @property
    def message(self) -> str:
        """Name the tenant and where it lives."""
        return _(
            "This connection does not lead to the tenant {name!r}. Open one to {location}, as crm.tenant({name!r})"
            ".engine does.",
            name=self.name,
            location=self.location,
        )
