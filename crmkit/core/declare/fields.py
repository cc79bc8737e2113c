"""Fields: what an entity or an extension declares, one function per kind."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, get_args

from attrs import evolve, field, frozen

from crmkit.core.declare import kinds
from crmkit.core.declare.kinds.files import LARGEST_FILE
from crmkit.core.declare.names import as_label, as_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crmkit.core.declare.kinds import Choice, Kind


Privacy = Literal["normal", "personal", "sensitive", "secret"]
PersonLink = Literal["about", "mentions"]
PRIVACIES: tuple[Privacy, ...] = get_args(Privacy)


@frozen(kw_only=True)
class Field:
    """A declared field. Two equal declarations of one field, by whichever plugins, are the same field.

    Attributes:
        kind: how the value is read, checked, stored and shown.
        required: whether every record must have a value (a rule of the lifecycle, not of the table).
        default: the value of a new record that gives none, or a function without arguments that returns it.
        unique: whether no two living records of the entity may have it, ignoring case and width.
        search: whether full-text search looks into it.
        index: whether filters and sorting on it are to be fast.
        part_of: for a reference: the record is a part of the one referred to, shares its permission and its fate.
        privacy: `normal`; `personal` (of a person: exported and erased with them); `sensitive` (personal, and only
            for roles that are granted it by name); `secret` (for programs: no read, report or export shows it).
        person: for a reference that leads to a person: whether the record is `about` that person, so that it is
            exported with the person and what is personal in it erased, or only `mentions` it.
        locked: whether only programs give it a value (plugins, `SYSTEM`); no role opens it.
        bookkeeping: whether a change of it is none of the record: `updated_at` and `updated_by` stay.
    """

    name: str = ""
    kind: Kind
    label: str = field(default="", converter=as_text)
    help: str = field(default="", converter=as_text)
    required: bool = False
    default: object = field(default=None)
    unique: bool = False
    search: bool = False
    index: bool = False
    part_of: bool = False
    privacy: Privacy = "normal"
    person: PersonLink | None = None
    locked: bool = False
    bookkeeping: bool = False

    def named(self, name: str, *, required: bool) -> Field:
        """Return the field with its name, its label, and whether a value is required."""
        return evolve(self, name=name, label=self.label or as_label(name), required=required)

    def first_value(self) -> object:
        """Return the default value of a new record."""
        return self.default() if callable(self.default) else self.default


# The functions below are typed as returning Any, as attrs.field() is: the annotation beside the field gives its type.


def text(
    *,
    label: str = "",
    help: str = "",
    privacy: Privacy = "normal",
    default: str | Callable[[], str] | None = None,
    max: int = 255,
    pattern: str | None = None,
    unique: bool = False,
    search: bool = False,
    index: bool = False,
) -> Any:
    """Declare one line of text of at most `max` code points, which must match `pattern` whole if one is given."""
    kind = kinds.TextKind(max=max, pattern=pattern)
    return Field(
        kind=kind, label=label, help=help, privacy=privacy, default=default, unique=unique, search=search, index=index
    )


def long_text(
    *, label: str = "", help: str = "", privacy: Privacy = "normal", default: str | None = None, search: bool = False
) -> Any:
    """Declare text of several lines, at most 100,000 code points."""
    return Field(kind=kinds.LongTextKind(), label=label, help=help, privacy=privacy, default=default, search=search)


def integer(
    *,
    label: str = "",
    help: str = "",
    privacy: Privacy = "normal",
    default: int | Callable[[], int] | None = None,
    min: int | None = None,
    max: int | None = None,
    unique: bool = False,
    index: bool = False,
) -> Any:
    """Declare a whole number from `min` to `max`, within 64 bits."""
    kind = kinds.IntegerKind(min=min, max=max)
    return Field(kind=kind, label=label, help=help, privacy=privacy, default=default, unique=unique, index=index)


def decimal(
    *,
    label: str = "",
    help: str = "",
    privacy: Privacy = "normal",
    default: Decimal | int | str | None = None,
    scale: int = 4,
    min: Decimal | int | None = None,
    max: Decimal | int | None = None,
    index: bool = False,
) -> Any:
    """Declare an exact number with up to `scale` decimals."""
    kind = kinds.DecimalKind(scale=scale, min=_exact(min), max=_exact(max))
    return Field(kind=kind, label=label, help=help, privacy=privacy, default=default, index=index)


def percent(
    *,
    label: str = "",
    help: str = "",
    privacy: Privacy = "normal",
    default: Decimal | int | str | None = None,
    min: Decimal | int | None = 0,
    max: Decimal | int | None = 100,
    index: bool = False,
) -> Any:
    """Declare a share in percent (12.5 means 12.5 %), exact to four decimals."""
    kind = kinds.PercentKind(min=_exact(min), max=_exact(max))
    return Field(kind=kind, label=label, help=help, privacy=privacy, default=default, index=index)


def money(
    *,
    label: str = "",
    help: str = "",
    privacy: Privacy = "normal",
    default: str | None = None,
    min: Decimal | int | None = None,
    index: bool = False,
) -> Any:
    """Declare an exact amount with its currency and the rate at the time of writing."""
    return Field(
        kind=kinds.MoneyKind(min=_exact(min)), label=label, help=help, privacy=privacy, default=default, index=index
    )


def boolean(
    *, label: str = "", help: str = "", privacy: Privacy = "normal", default: bool | None = None, index: bool = False
) -> Any:
    """Declare a yes or no."""
    return Field(kind=kinds.BooleanKind(), label=label, help=help, privacy=privacy, default=default, index=index)


def date(
    *, label: str = "", help: str = "", privacy: Privacy = "normal", default: object = None, index: bool = False
) -> Any:
    """Declare a calendar day."""
    return Field(kind=kinds.DateKind(), label=label, help=help, privacy=privacy, default=default, index=index)


def datetime(
    *, label: str = "", help: str = "", privacy: Privacy = "normal", default: object = None, index: bool = False
) -> Any:
    """Declare a moment, kept in UTC."""
    return Field(kind=kinds.DateTimeKind(), label=label, help=help, privacy=privacy, default=default, index=index)


def duration(
    *, label: str = "", help: str = "", privacy: Privacy = "normal", default: object = None, index: bool = False
) -> Any:
    """Declare a length of time."""
    return Field(kind=kinds.DurationKind(), label=label, help=help, privacy=privacy, default=default, index=index)


def choice(
    *choices: Choice | str,
    label: str = "",
    help: str = "",
    privacy: Privacy = "normal",
    default: str | None = None,
    index: bool = False,
) -> Any:
    """Declare one of several choices; plugins and editions may add more with `AddChoice`."""
    return Field(
        kind=kinds.ChoiceKind(choices=choices), label=label, help=help, privacy=privacy, default=default, index=index
    )


def tags(
    *,
    label: str = "",
    help: str = "",
    privacy: Privacy = "normal",
    default: Iterable[str] | None = None,
    search: bool = False,
) -> Any:
    """Declare any number of short texts."""
    given = None if default is None else tuple(default)
    return Field(kind=kinds.TagsKind(), label=label, help=help, privacy=privacy, default=given, search=search)


def email(
    *,
    label: str = "",
    help: str = "",
    privacy: Privacy = "normal",
    unique: bool = False,
    search: bool = True,
    index: bool = False,
) -> Any:
    """Declare an e-mail address, searchable unless said otherwise."""
    return Field(
        kind=kinds.EmailKind(), label=label, help=help, privacy=privacy, unique=unique, search=search, index=index
    )


def phone(
    *,
    label: str = "",
    help: str = "",
    privacy: Privacy = "normal",
    unique: bool = False,
    search: bool = True,
    index: bool = False,
) -> Any:
    """Declare a telephone number, searchable (by its last digits, too) unless said otherwise."""
    return Field(
        kind=kinds.PhoneKind(), label=label, help=help, privacy=privacy, unique=unique, search=search, index=index
    )


def url(
    *, label: str = "", help: str = "", privacy: Privacy = "normal", unique: bool = False, search: bool = False
) -> Any:
    """Declare a web address."""
    return Field(kind=kinds.UrlKind(), label=label, help=help, privacy=privacy, unique=unique, search=search)


def address(*, label: str = "", help: str = "", privacy: Privacy = "normal", search: bool = False) -> Any:
    """Declare a postal address."""
    return Field(kind=kinds.AddressKind(), label=label, help=help, privacy=privacy, search=search)


def location(*, label: str = "", help: str = "", privacy: Privacy = "normal") -> Any:
    """Declare a position on the earth."""
    return Field(kind=kinds.LocationKind(), label=label, help=help, privacy=privacy)


def ref(
    *,
    label: str = "",
    help: str = "",
    privacy: Privacy = "normal",
    part_of: bool = False,
    person: PersonLink | None = None,
    unique: bool = False,
    index: bool = True,
) -> Any:
    """Declare a reference to a record; its entity comes from the annotation, `Ref[Customer]`."""
    return Field(
        kind=kinds.RefKind(),
        label=label,
        help=help,
        privacy=privacy,
        part_of=part_of,
        person=person,
        unique=unique,
        index=index,
    )


def any_ref(
    *targets: str,
    label: str = "",
    help: str = "",
    privacy: Privacy = "normal",
    part_of: bool = False,
    person: PersonLink | None = None,
) -> Any:
    """Declare a reference to a record of any of the named entities, or of any entity at all."""
    kind = kinds.AnyRefKind(targets=targets)
    return Field(kind=kind, label=label, help=help, privacy=privacy, part_of=part_of, person=person, index=True)


def json(*, label: str = "", help: str = "", privacy: Privacy = "normal", default: object = None) -> Any:
    """Declare a JSON value."""
    return Field(kind=kinds.JsonKind(), label=label, help=help, privacy=privacy, default=default)


def file(
    *,
    label: str = "",
    help: str = "",
    privacy: Privacy = "normal",
    types: Iterable[str] = (),
    max: int = LARGEST_FILE,
    search: bool = False,
) -> Any:
    """Declare a file of at most `max` bytes, of the `types` that are named by their extensions, or of any known one."""
    kind = kinds.FileKind(types=types, max=max)
    return Field(kind=kind, label=label, help=help, privacy=privacy, search=search)


def locked(declared: Any, /) -> Any:
    """Declare that only programs give a field its value, whatever roles say.

    Plugins do so in their hooks and through `session.elevated`: `score: int | None = locked(integer())`.
    """
    return evolve(declared, locked=True)


def bookkeeping(declared: Any, /) -> Any:
    """Declare that only programs give a field its value, and that it is none of what people know the record by.

    A change of nothing else is logged and has its event, but leaves `updated_at` and `updated_by` as they are: nobody
    takes what a nightly run has noted for a change of the record.
    """
    return evolve(declared, locked=True, bookkeeping=True)


def _exact(number: Decimal | int | None) -> Decimal | None:
    return None if number is None else Decimal(number)
