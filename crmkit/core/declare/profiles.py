"""Profile sections: what is shown around a record, such as a customer's orders."""

from __future__ import annotations

from attrs import field, frozen

from crmkit.core.declare.names import as_label, as_text, check_name


@frozen(kw_only=True)
class Figure:
    """A number or a date about all records of a section, not only about those that are shown.

    Attributes:
        measure: a measure such as `sum(amount, stage.kind != 'void')`; money is in the base currency.
    """

    name: str
    measure: str
    label: str = field(default="", converter=as_text)

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "figure")
        if not self.label:
            object.__setattr__(self, "label", as_label(self.name))


@frozen(kw_only=True)
class ProfileSection:
    """A part of the profiles of an entity's records: the records of another entity that lead to one of them.

    Attributes:
        of: the entity whose profiles have the section.
        entity: the entity whose records it shows.
        through: the path of references from such a record to the one whose profile it is.
        fields: the paths that are shown of each.
        where: a filter expression that the records meet.
        order: the paths to sort by, `-` before one for downwards.
        limit: how many records are shown at most; of a nested section, for each record.
        figures: what is measured of all of them.
        nested: names of sections of `entity`, each of which is shown for every record.
        position: the place among the sections; equal ones come in the order of their declaration.
    """

    name: str
    of: str
    entity: str
    through: str
    fields: tuple[str, ...]
    label: str = field(default="", converter=as_text)
    where: str = ""
    order: str = "-id"
    limit: int = 20
    figures: tuple[Figure, ...] = ()
    nested: tuple[str, ...] = ()
    position: int = 100

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "profile section")
        if not self.label:
            object.__setattr__(self, "label", as_label(self.name))
