"""Wording: what is kept in a record as a text is kept in the language of the CRM."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmkit import Session


def in_home_language(session: Session, text: str) -> str:
    """Return a text, made with `_()` or plain, in the language of the CRM's locale."""
    return session.model.languages.of(session.model.conventions.locale).say(text)
