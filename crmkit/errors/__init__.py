"""Every error a user of crmkit can meet, one class per case: what happened, to whom, and what to do next."""

from __future__ import annotations

from crmkit.errors.commands import (
    AccessDeniedError as AccessDeniedError,
)
from crmkit.errors.commands import (
    CommandError as CommandError,
)
from crmkit.errors.commands import (
    ConflictError as ConflictError,
)
from crmkit.errors.commands import (
    MergedError as MergedError,
)
from crmkit.errors.commands import (
    NotFoundError as NotFoundError,
)
from crmkit.errors.commands import (
    PluginFailedError as PluginFailedError,
)
from crmkit.errors.commands import (
    Refusal as Refusal,
)
from crmkit.errors.commands import (
    Refused as Refused,
)
from crmkit.errors.commands import (
    SourceFailedError as SourceFailedError,
)
from crmkit.errors.commands import (
    TooDeepError as TooDeepError,
)
from crmkit.errors.database import (
    BackupError as BackupError,
)
from crmkit.errors.database import (
    ConnectionFailed as ConnectionFailed,
)
from crmkit.errors.database import (
    DatabaseBusyError as DatabaseBusyError,
)
from crmkit.errors.database import (
    DatabaseError as DatabaseError,
)
from crmkit.errors.database import (
    DatabaseTooNewError as DatabaseTooNewError,
)
from crmkit.errors.database import (
    DestructiveError as DestructiveError,
)
from crmkit.errors.database import (
    FileDamagedError as FileDamagedError,
)
from crmkit.errors.database import (
    LiftedRestrictionError as LiftedRestrictionError,
)
from crmkit.errors.database import (
    StalePlanError as StalePlanError,
)
from crmkit.errors.database import (
    UnpreparedEngineError as UnpreparedEngineError,
)
from crmkit.errors.database import (
    UnsupportedDatabaseError as UnsupportedDatabaseError,
)
from crmkit.errors.database import (
    UpgradeNeeded as UpgradeNeeded,
)
from crmkit.errors.database import (
    UpgradeRefused as UpgradeRefused,
)
from crmkit.errors.loading import (
    AssemblyError as AssemblyError,
)
from crmkit.errors.loading import (
    ClashError as ClashError,
)
from crmkit.errors.loading import (
    DeclarationError as DeclarationError,
)
from crmkit.errors.loading import (
    EditionError as EditionError,
)
from crmkit.errors.loading import (
    IncompatiblePluginError as IncompatiblePluginError,
)
from crmkit.errors.loading import (
    PluginCycleError as PluginCycleError,
)
from crmkit.errors.loading import (
    PluginLoadError as PluginLoadError,
)
from crmkit.errors.loading import (
    UnknownPluginError as UnknownPluginError,
)
from crmkit.errors.reading import (
    FieldHidden as FieldHidden,
)
from crmkit.errors.reading import (
    FilterError as FilterError,
)
from crmkit.errors.reading import (
    InvalidValue as InvalidValue,
)
from crmkit.errors.reading import (
    UnknownNameError as UnknownNameError,
)
from crmkit.errors.root import (
    CRMKitError as CRMKitError,
)
from crmkit.errors.root import (
    listed as listed,
)
from crmkit.errors.sessions import (
    AccessNotRecordedError as AccessNotRecordedError,
)
from crmkit.errors.sessions import (
    FieldsMovedError as FieldsMovedError,
)
from crmkit.errors.sessions import (
    GivenUpError as GivenUpError,
)
from crmkit.errors.sessions import (
    KeyReusedError as KeyReusedError,
)
from crmkit.errors.sessions import (
    LeaseLostError as LeaseLostError,
)
from crmkit.errors.sessions import (
    ReadOnlyError as ReadOnlyError,
)
from crmkit.errors.sessions import (
    SessionClosedError as SessionClosedError,
)
from crmkit.errors.sessions import (
    SessionDoomedError as SessionDoomedError,
)
from crmkit.errors.sessions import (
    SessionError as SessionError,
)
from crmkit.errors.sessions import (
    UnknownActorError as UnknownActorError,
)
from crmkit.errors.tenants import (
    NoTenantsError as NoTenantsError,
)
from crmkit.errors.tenants import (
    TenantError as TenantError,
)
from crmkit.errors.tenants import (
    TenantExistsError as TenantExistsError,
)
from crmkit.errors.tenants import (
    TenantNameError as TenantNameError,
)
from crmkit.errors.tenants import (
    TenantNotConfirmedError as TenantNotConfirmedError,
)
from crmkit.errors.tenants import (
    TenantStorageError as TenantStorageError,
)
from crmkit.errors.tenants import (
    TenantSuspendedError as TenantSuspendedError,
)
from crmkit.errors.tenants import (
    TenantUnfinishedError as TenantUnfinishedError,
)
from crmkit.errors.tenants import (
    UnknownTenantError as UnknownTenantError,
)
from crmkit.errors.tenants import (
    WrongConnectionError as WrongConnectionError,
)
