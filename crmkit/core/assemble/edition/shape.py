"""The shape of an edition's file: its tables, their keys and the types of their values."""

from __future__ import annotations

from decimal import Decimal  # noqa: TC003  (cattrs reads the annotations)

from attrs import field, frozen


@frozen(kw_only=True)
class CRMTable:
    """`[crm]`: the database, the plugins and the conventions.

    Attributes:
        database: a URL, or `env:NAME` for the variable that holds it; a SQLite path is relative to the file's folder.
        plugins: names of installed plugins, and paths of `.py` files relative to the file's folder.
    """

    name: str = "CRM"
    database: str = "sqlite:///crm.db"
    plugins: tuple[str, ...] = ()
    currency: str = "EUR"
    time_zone: str = "UTC"
    locale: str = "en"
    phone_region: str | None = None
    prefix: str = "crm_"
    schema: str | None = None


@frozen(kw_only=True)
class FieldTable:
    """`[fields.<entity>.<name>]`: a further field; which of the options it may have depends on its kind."""

    kind: str
    label: str = ""
    help: str = ""
    required: bool = False
    default: object = None
    unique: bool = False
    search: bool = False
    index: bool = False
    min: Decimal | None = None
    max: Decimal | None = None
    scale: int = 4
    pattern: str | None = None
    choices: dict[str, str] = field(factory=dict)
    target: str = ""
    targets: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    part_of: bool = False


@frozen(kw_only=True)
class PipelineStageTable:
    """A stage in the list `stages` of a pipeline; `limit_days` says how long a record should stay at most."""

    name: str
    label: str = ""
    kind: str = "open"
    probability: Decimal | None = None
    limit_days: Decimal | None = None
    requires: tuple[str, ...] = ()


@frozen(kw_only=True)
class StageTable(PipelineStageTable):
    """`[[stages]]`: a stage inserted into a pipeline, after or before one of its stages."""

    pipeline: str
    after: str | None = None
    before: str | None = None
    on_remove: str = "refuse"


@frozen(kw_only=True)
class ChangeStageTable:
    """`[[change_stages]]`: a stage renamed, hidden, moved or weighted anew; what is not said stays as it is."""

    pipeline: str
    stage: str
    label: str | None = None
    probability: Decimal | None = None
    limit_days: Decimal | None = None
    hidden: bool | None = None
    requires: tuple[str, ...] = ()
    after: str | None = None
    before: str | None = None


@frozen(kw_only=True)
class PipelineTable:
    """`[[pipelines]]`: a further pipeline of an entity."""

    name: str
    entity: str
    stages: tuple[PipelineStageTable, ...]
    label: str = ""
    forward: str = "any"
    back: str = "any"
    reopen: bool = True


@frozen(kw_only=True)
class GrantTable:
    """How far a role reaches into one entity, for each action; what is not said is none, or as for another action."""

    read: str = "none"
    create: str = "none"
    update: str = "none"
    delete: str = "none"
    move: str | None = None
    share: str = "none"
    transfer: str = "none"
    export: str | None = None
    import_: str | None = None
    hides: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()
    reveals: tuple[str, ...] = ()


@frozen(kw_only=True)
class RoleTable:
    """`[[roles]]`: a role with its grants by entity (`"*"` for all that are not named)."""

    name: str
    label: str = ""
    grants: dict[str, GrantTable] = field(factory=dict)
    reports: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()


@frozen(kw_only=True)
class RuleTable:
    """`[[rules]]`: a filter expression that says what is wrong with a record, and what a person is told then."""

    name: str
    entity: str
    when: str
    message: str
    path: str = ""
