"""The smaller things a plugin can say: rules, choices, labels, reports, events, settings, commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import field, frozen
from attrs.validators import in_

from crmkit.core.declare.kinds import Choice, Kind, TextKind
from crmkit.core.declare.names import as_label, as_text, check_name

if TYPE_CHECKING:
    from collections.abc import Callable


@frozen(kw_only=True)
class Rule:
    """A validation rule: when the filter expression `when` is true, the record is refused.

    Attributes:
        when: a filter expression over the entity's own fields, saying what is wrong.
        path: the field that the message belongs to.
    """

    name: str
    entity: str
    when: str
    message: str = field(converter=as_text)
    path: str = ""

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "rule")


@frozen
class AddChoice:
    """Add a choice to a choice field, named like `customer.level`."""

    field: str
    choice: Choice


@frozen
class Relabel:
    """Give an entity (`customer`), a field (`customer.city`) or a pipeline's stage another label for people."""

    target: str
    label: str = field(converter=as_text)


@frozen(kw_only=True)
class Parameter:
    """A parameter of a report or a command, read and checked by its kind."""

    name: str
    kind: Kind = field(factory=TextKind)
    label: str = field(default="", converter=as_text)
    help: str = field(default="", converter=as_text)
    default: object = None
    required: bool = False

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "parameter")
        if not self.label:
            object.__setattr__(self, "label", as_label(self.name))


@frozen(kw_only=True)
class Report:
    """A report: a function of a session and its parameters that returns a `Table`.

    Attributes:
        run: the function, or where it is (`package.module:function`), imported when the report is run.
        reads: the entities that it is about: who may read none of them is refused, everybody else may run it.
        roles: the roles for which it is, if it isn't for everybody who may read what it is about.
        public: whether everybody may run it; it must then look after itself.
    """

    name: str
    run: Callable[..., object] | str
    label: str = field(default="", converter=as_text)
    help: str = field(default="", converter=as_text)
    reads: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    public: bool = False
    parameters: tuple[Parameter, ...] = ()

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "report")
        if not self.label:
            object.__setattr__(self, "label", as_label(self.name))


@frozen(kw_only=True)
class Event:
    """An event beyond those that every entity has: `customer.created`, `updated`, `deleted`, `moved`..."""

    name: str
    entity: str
    help: str = field(default="", converter=as_text)


@frozen(kw_only=True)
class Setting:
    """A setting of the CRM, given in the edition or to `CRM(settings=...)`."""

    name: str
    kind: Kind
    default: object = None
    help: str = field(default="", converter=as_text)

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "setting")


@frozen(kw_only=True)
class Command:
    """A command of the command line: `run(session, **parameters)` returns a `Table`, a record, a text or None.

    Attributes:
        run: the function, or where it is (`package.module:function`), imported when the command is run.
        roles: the roles that may run it; nobody else but the system may.
        public: whether everybody may run it.
    """

    name: str
    run: Callable[..., object] | str
    help: str = field(converter=as_text)
    roles: tuple[str, ...] = ()
    public: bool = False
    parameters: tuple[Parameter, ...] = ()

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "command")


@frozen(kw_only=True)
class Unique:
    """A combination of fields that no two living records of an entity may share; text ignores case and width.

    Attributes:
        where: the name of a boolean field: only records in which it is true are compared.
        on_merge: what becomes of the second record when a merge brings two with one combination together: `refuse` the
            merge, or `drop` the second. Of records that are unique by nothing but references, the second is dropped
            in any case; and one that is unique by a mark (`where`) loses the mark.
    """

    entity: str
    fields: tuple[str, ...]
    message: str = field(default="", converter=as_text)
    where: str = ""
    on_merge: Literal["refuse", "drop"] = field(default="refuse", validator=in_(("refuse", "drop")))
