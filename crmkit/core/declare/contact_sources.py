"""Contact sources: who knows when a record was last contacted, by kind of contact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.declare.names import check_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime


@frozen(kw_only=True)
class ContactSource:
    """Where the contacts with records of an entity are kept: calls, visits, e-mails.

    A plugin that keeps contacts declares one. Others ask for what all sources know (`contacts_by_kind`), whichever
    plugins there are: how long a customer is protected may depend on the kind of contact.

    Attributes:
        name: unique among the sources.
        entity: with whose records the contacts are.
        read: the function `read(session, ids)` that returns the latest moment, UTC, of each kind of contact, by the id
            of the record; or where it is (`package.module:function`), imported when it is called. It is called with
            system reach, for many ids at once, and leaves out records without contacts.
        kinds: the function `kinds(model)` that returns the names of the kinds of contact that there are, or where it
            is; None if any may come.
    """

    name: str
    entity: str
    read: Callable[..., Mapping[int, Mapping[str, datetime]]] | str
    kinds: Callable[..., Iterable[str]] | str | None = None

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "contact source")
