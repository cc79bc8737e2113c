"""Lifting: restrictions that the database was made with and that nobody declares any longer, as their plugin is off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from crmkit.core.declare.restrictions import Restriction
from crmkit.core.storage.plugin_ledger import ENABLED
from crmkit.core.upgrade.steps import Step, nothing
from crmkit.translation import ngettext

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.core.upgrade.present import Situation


def lifted(here: Situation) -> Iterator[Step]:
    """Yield the restrictions that would be lifted from entities that stay and have records.

    Which of the records they hide depends on who reads, so all of them count. An entity that goes with its plugin
    hides its records anyway.
    """
    declared = {each.path for each, _plugin in here.model.of(Restriction)}
    for fact in here.facts.values():
        for path in fact.snapshot.restrictions if fact.state == ENABLED else ():
            entity = path.partition(".")[0]
            if path in declared or entity not in here.model.entities or here.tables[entity].name not in here.older:
                continue
            table = here.tables[entity]
            living = sa.select(sa.func.count()).select_from(table).where(table.c.deleted_at.is_(None))
            count = here.connection.execute(living).scalar_one()
            if count:
                text = ngettext(
                    "lift the restriction {path}, which may hide {count} record",
                    "lift the restriction {path}, which may hide some of {count} records",
                    count,
                    path=path,
                )
                yield Step(sort="lift", text=text, plugin=fact.name, rows=count, does=nothing)
