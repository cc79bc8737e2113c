"""Problems: what a log that all readers of a record may read says of an error, without any value of a field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.lifecycle.seeing import shown_refusal
from crmkit.errors import Refused
from crmkit.translation import Text, _
from crmkit.translation.text import about, joined
from crmkit_workflow.wording import in_home_language

if TYPE_CHECKING:
    from crmkit import Session
    from crmkit.errors import Refusal

LONGEST_PROBLEM = 500
LEFT_OUT = "…"
MOST = 5
"""So many refusals of an error are said."""


def as_kept(session: Session, problem: str | None) -> str | None:
    """Return a problem as logs keep it: in the language of the CRM, as far as there is room for it."""
    return None if problem is None else in_home_language(session, problem)[:LONGEST_PROBLEM]


def said_to_all(session: Session, error: Exception) -> Text:
    """Return what an error says to whoever may read the log of a record, whatever of the record is hidden from it.

    Sentences are said with `…` for each value. Of a text that was put together otherwise, which could hold any value,
    only the path and the plugin are said, and of paths that are hidden from some role that a rule refuses it.
    """
    if not isinstance(error, Refused):
        return _("It could not be done ({error}).", error=type(error).__name__)
    said = (reason(session, error.entity, each) for each in error.refusals[:MOST])
    return about(error.entity, joined(said))


def reason(session: Session, entity: str, refusal: Refusal) -> Text:
    """Return why something was refused, with the field if there is one that everybody sees."""
    if is_hidden_from_some(session, entity, refusal):
        return _("A rule about fields that not everybody sees refuses this.")
    text = without_values(refusal)
    return about(refusal.path, text) if refusal.path else text


def is_hidden_from_some(session: Session, entity: str, refusal: Refusal) -> bool:
    """Return whether a role may read records of the entity, but not what the refusal is about."""
    model = session.model
    found = model.entities.get(entity)
    if found is None:
        return False
    readers = (rights for name in model.roles if (rights := model.rights((name,))).may(found, "read"))
    return any(shown_refusal(model, rights, found, refusal) is not refusal for rights in readers)


def without_values(refusal: Refusal) -> Text:
    """Return the text of a refusal with `…` for each value, or that there is one."""
    text = refusal.text
    if isinstance(text, Text) and text.plural is None:
        return Text(text.template, **dict.fromkeys(text.values, LEFT_OUT))
    return _("The plugin {plugin} refuses this.", plugin=refusal.plugin)
