"""Handlers and jobs that fit: one of a name, and events that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.names import nearest
from crmkit.core.declare.outbox import Handler, Job, matches
from crmkit.errors import ClashError, DeclarationError
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.assemble.model import Model


def check_outbox(model: Model) -> None:
    """Refuse two handlers or two jobs of one name, and handlers of events that there are not.

    Raises:
        ClashError: naming both plugins.
        DeclarationError: naming the handler, its plugin and the nearest event.
    """
    known: dict[tuple[type, str], tuple[Handler | Job, str]] = {}
    declared: list[tuple[Handler | Job, str]] = [*model.of(Handler), *model.of(Job)]
    for each, plugin in declared:
        other = known.setdefault((type(each), each.name), (each, plugin))
        if other != (each, plugin):
            raise ClashError(subject=f"{type(each).__name__.lower()} {each.name!r}", plugins=(other[1], plugin))
    for handler, plugin in model.of(Handler):
        for pattern in handler.events:
            if not any(matches([pattern], event) for event in model.event_names):
                close = nearest(pattern, sorted(model.event_names))
                hint = _(" Did you mean {close!r}?", close=close) if close else ""
                problem = _("no event is called {pattern!r}.{hint}", pattern=pattern, hint=hint)
                raise DeclarationError(subject=_("handler {name!r}", name=handler.name), problem=problem, plugin=plugin)
