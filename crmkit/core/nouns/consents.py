"""Consents: what persons have agreed to, when, how it is known, and until when."""

from __future__ import annotations

from datetime import datetime as Moment  # noqa: N812  (read off the annotations)
from typing import TYPE_CHECKING

from crmkit.core.declare import fields as f
from crmkit.core.declare.names import nearest
from crmkit.core.declare.purposes import Purpose
from crmkit.core.declare.records import Record, record
from crmkit.core.declare.values import Ref
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.lifecycle.drafts import Batch, Draft
    from crmkit.core.lifecycle.session import Session

SOURCES = ("form", "web", "phone", "letter", "in_person", "import", "other")
FIXED = ("person", "purpose", "given_at")
"""What a consent is: who gave it, for what, and when. Another one is another record."""


@record(title="purpose")
class Consent(Record):
    """A person's consent to a purpose. It holds from the moment it was given until it is withdrawn or expires."""

    person: Ref[object] = f.any_ref(part_of=True, person="about")
    purpose: str = f.text(max=41, index=True, help="The name of a purpose that rests on consent.")
    given_at: Moment | None = f.datetime(help="When it was given; now, unless said otherwise.")
    expires_at: Moment | None = f.datetime(help="From when on it no longer holds.")
    withdrawn_at: Moment | None = f.datetime(help="When it was withdrawn.")
    source: str | None = f.choice(*SOURCES)
    evidence: str | None = f.long_text(privacy="personal", help="How it is known: a document, a sentence, a log.")


DECLARATIONS = (
    Purpose(
        name="marketing",
        basis="consent",
        help="Sending news and offers, and calling about them.",
    ),
)


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse consents to what needs none, of what is no person, and at moments that don't fit."""
    for draft in drafts.of(Consent):
        if draft.record is None and draft.get("given_at") is None:
            draft.set("given_at", session.unit.now)
        for name in FIXED if draft.record is not None else ():
            if draft.sets(name) and not isinstance(draft.get(name), Ref):
                draft.refuse(name, _("A consent stays as it was given. Withdraw it, and record another one."))
        check_purpose(session, draft)
        person = draft.get("person")
        if isinstance(person, Ref) and not session.model.entity(person).declared.person:
            draft.refuse("person", _("Records of {entity} are no persons.", entity=person.entity))
        given, withdrawn, expires = (draft.get(name) for name in ("given_at", "withdrawn_at", "expires_at"))
        if isinstance(given, Moment):
            if given > session.unit.now:
                draft.refuse("given_at", _("A consent can't have been given in the future."))
            if isinstance(expires, Moment) and expires <= given:
                draft.refuse("expires_at", _("It would end before it was given."))
            if isinstance(withdrawn, Moment) and withdrawn < given:
                draft.refuse("withdrawn_at", _("It would be withdrawn before it was given."))


def check_purpose(session: Session, draft: Draft) -> None:
    """Refuse purposes that there are not, or that rest on something else."""
    name = draft.get("purpose")
    purposes = session.model.purposes
    if name is None or not draft.sets("purpose"):
        return
    purpose = purposes.get(str(name))
    if purpose is None:
        close = nearest(str(name), purposes)
        hint = _(" Did you mean {close!r}?", close=close) if close else ""
        draft.refuse("purpose", _("There is no purpose {name!r}.{hint}", name=name, hint=hint))
    elif purpose.basis != "consent":
        draft.refuse("purpose", _("This purpose rests on {basis}, and needs no consent.", basis=purpose.basis))
