"""What happens when an opportunity is won, lost or reopened, and which steps it may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit import Choice, Event, Money, Opportunity, Ref, Setting
from crmkit.core.declare.kinds import BooleanKind, ChoiceKind
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit import Batch, Change, MoveDraft, Record, Session

DECLARATIONS = (
    Setting(
        name="require_loss_reason",
        kind=BooleanKind(),
        default=True,
        help="Whether an opportunity is lost only with a reason. Turn it off to import losses nobody gave one for.",
    ),
    Setting(
        name="skip_stages",
        kind=BooleanKind(),
        default=True,
        help="Whether an opportunity may skip open stages on its way forward.",
    ),
    Setting(
        name="step_back",
        kind=ChoiceKind(choices=(Choice("any"), Choice("previous"), Choice("none"))),
        default="any",
        help="How far an opportunity may go back: to any earlier stage, to the previous one, or not at all.",
    ),
    Event(name="opportunity.won", entity="opportunity", help="An opportunity entered a won stage, or began in one."),
    Event(name="opportunity.lost", entity="opportunity", help="An opportunity entered a lost stage, or began in one."),
)
ENDS = frozenset({"won", "lost"})


def check_steps(session: Session, moves: Batch[MoveDraft]) -> None:
    """Refuse steps between open stages that the settings don't allow."""
    may_skip, back = session.setting("skip_stages"), session.setting("step_back")
    if may_skip and back == "any":
        return
    for move in moves.of(Opportunity):
        step = steps_forward(session, move)
        if step > 1 and not may_skip:
            move.refuse("stage", _("Stages may not be skipped here. Move to the next stage first."))
        if step < 0 and back == "none":
            move.refuse("stage", _("An opportunity may not go back to an earlier stage here."))
        if step < -1 and back == "previous":
            move.refuse("stage", _("An opportunity may only go back to the previous stage here."))


def steps_forward(session: Session, move: MoveDraft) -> int:
    """Return how many open stages forward a move goes, negative if backward, and 0 if it is no such step."""
    if move.source is None or move.source.is_closed or move.target.is_closed:
        return 0
    pipeline = session.model.pipelines[str(move.get("pipeline"))]
    shown = [each.name for each in pipeline.stages if not each.stage.hidden or each.stage == move.source]
    return shown.index(move.target.name) - shown.index(move.source.name)


def note_loss(session: Session, moves: Batch[MoveDraft]) -> None:
    """Ask for the reason of a loss and note where it happened; forget both when an opportunity is reopened."""
    needs_reason = session.setting("require_loss_reason")
    for move in moves.of(Opportunity):
        was_lost = move.record is not None and move.record.stage_kind == "lost"
        if move.target.kind == "lost":
            if needs_reason and move.get("lost_reason") is None:
                move.refuse("lost_reason", _("Say why the opportunity was lost."))
            if move.record is not None and not was_lost and not move.sets("lost_stage"):
                move.set("lost_stage", move.record.stage)
        elif was_lost:
            forget_loss(move)


def forget_loss(move: MoveDraft) -> None:
    """Clear what an opportunity says about its loss, except what the move gives anew."""
    for field in ("lost_reason", "competitor", "lost_stage"):
        if not move.sets(field):
            move.set(field, None)


def announce(session: Session, changes: Batch[Change]) -> None:
    """Emit `opportunity.won` or `opportunity.lost` once for every opportunity that has come to that end."""
    for change in changes.of(Opportunity):
        kind = change.after.stage_kind
        if kind in ENDS and (change.before is None or kind != change.before.stage_kind):
            session.emit(f"opportunity.{kind}", change.after, payload(change.after))


def payload(opportunity: Record) -> dict[str, object]:
    """Return what the event says: the worth in the base currency, the customer's id, the reason and stage of a loss."""
    amount, customer = opportunity.amount, opportunity.customer
    found: dict[str, object] = {
        "amount": str(amount.base) if isinstance(amount, Money) else None,
        "customer": int(customer) if isinstance(customer, Ref) else None,
    }
    if opportunity.stage_kind == "lost":
        found |= {"lost_reason": opportunity.lost_reason, "lost_stage": opportunity.lost_stage}
    return found
