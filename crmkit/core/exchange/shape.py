"""The shape of a mapping: the tables of its TOML, their keys and the types of their values."""

from __future__ import annotations

from decimal import Decimal  # noqa: TC003  (cattrs reads the annotations)

import attrs
from attrs import frozen


@frozen(kw_only=True)
class ColumnTable:
    """What becomes of the texts of a column, in this order.

    Attributes:
        field: where it goes: a field, a part (`address.city`, `amount.currency`), a look-up (`customer.name`).
        fields: the paths that the pieces go to, if the text is split.
        lookup: the field by which a reference is looked up: `{ field = "customer", lookup = "name" }`.
        missing: what to do if there is no such record: `error`, `create` it, or leave the reference `empty`.
        create: further values of a record that is created so.
        values: what stands for which text; an empty text stands for no value.
        default: the text in place of an empty cell.
        split: what separates the tags, or the pieces for `fields`.
        dates: how dates are written: `dd.mm.yyyy`, `m/d/yyyy`, `%d-%m-%y`; the first that fits.
        thousands: the sign between groups of digits.
        decimal: the sign before the decimals.
        currency: the currency of amounts that name none.
        factor: what numbers are multiplied by.
        text: for templates, the text with `{column}` in it.
    """

    field: str = ""
    fields: tuple[str, ...] = ()
    lookup: str = ""
    missing: str = ""
    create: dict[str, str] = attrs.field(factory=dict)
    values: dict[str, str] = attrs.field(factory=dict)
    default: str = ""
    split: str = ""
    dates: tuple[str, ...] = ()
    thousands: str = ""
    decimal: str = ""
    currency: str = ""
    factor: Decimal | None = None
    text: str = ""


@frozen(kw_only=True)
class FileTable:
    """`[[files]]`: one file, or all that match a pattern, and the entity that their rows become.

    Attributes:
        file: the name, relative to the folder that is imported; `*` and `?` stand for other characters.
        mode: `create`, `update` or `upsert` (update what is there, create the others).
        key: the fields by which a row is found again.
        duplicates: what becomes of a row whose record an earlier row of the file has made or changed already, or which
            in the mode `create` is there already: `error`, `skip` or `update`.
        distinct: take each key once and pass over rows that repeat it, or have none.
        unmapped: whether columns of the file that are not mentioned are an `error`, or to `ignore`.
        ignore: columns that are not imported.
        empty: whether an empty cell says nothing (`keep` what a record has, and let defaults fill a new one), or that
            there is no value (`clear`).
    """

    file: str
    entity: str
    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    columns_by_number: bool = False
    header: bool = True
    mode: str = "create"
    key: tuple[str, ...] = ()
    duplicates: str = "error"
    distinct: bool = False
    unmapped: str = "error"
    ignore: tuple[str, ...] = ()
    empty: str = "keep"
