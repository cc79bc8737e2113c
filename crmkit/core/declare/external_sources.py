"""External sources: other systems whose records are read when somebody asks for them, and never stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from crmkit.core.declare.names import as_label, as_text, check_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


@frozen(kw_only=True)
class ExternalSource:
    """Another system, such as the old database of a department, whose records can be looked up by their ids there.

    Attributes:
        name: what external ids call the system, such as `legacy_erp`.
        read: the function `read(session, ids)` that returns the values of the records, those that there are, by id; or
            where it is (`package.module:function`), imported when it is called. It is asked for many ids at once.
        fields: the names of the values that may be shown; what else it returns is left out. By default, all are.
        reads: the entities that it is about: who may read none of them is refused, everybody else may look up.
        roles: the roles for which it is, if it isn't for everybody who may read what it is about.
        public: whether everybody may look up.
        entity: the entity whose records it knows under its ids, if the two are to be compared.
        compares: what is the same there: by field or dotted path of the entity, the name of the value.
        ids: the function `ids(session)` that yields the ids of all its records, so that those are found which the CRM
            doesn't know; or where it is. Without it, only records that have an id there are compared.
    """

    name: str
    read: Callable[..., Mapping[str, Mapping[str, object]]] | str
    label: str = field(default="", converter=as_text)
    help: str = field(default="", converter=as_text)
    fields: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    public: bool = False
    entity: str = ""
    compares: Mapping[str, str] = field(factory=dict)
    ids: Callable[..., Iterable[str]] | str | None = None

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "external source")
        if not self.label:
            object.__setattr__(self, "label", as_label(self.name))
