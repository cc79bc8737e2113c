"""Keeping: what the plugin notes about records can't be deleted as long as they are there; it goes along with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Ref

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit import DeleteDraft, Session


def refuse_while_there(session: Session, drafts: Iterable[DeleteDraft], whole: str, text: str) -> None:
    """Refuse to delete the parts of records that are there, unless the system does; `whole` names the reference."""
    if session.principal.user is None:
        return
    mine = [(draft, ref) for draft in drafts if isinstance(ref := draft.get(whole), Ref)]
    wholes: dict[str, set[int]] = {}
    for _draft, ref in mine:
        wholes.setdefault(ref.entity, set()).add(int(ref))
    living = {(entity, each) for entity, ids in wholes.items() for each in session.readable_ids(entity, ids)}
    for draft, ref in mine:
        if (ref.entity, int(ref)) in living:
            draft.refuse(whole, text)
