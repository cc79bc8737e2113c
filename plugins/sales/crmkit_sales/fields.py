"""The fields that the plugin adds to opportunities: why, to whom and where one was lost."""

from __future__ import annotations

from crmkit import Opportunity, choice, extend, text

LOST_REASONS = ("price", "competitor", "product", "no_budget", "no_need", "no_decision", "timing", "other")


@extend(Opportunity)
class Loss:
    """What is known about the loss of an opportunity; empty while it is open or won."""

    lost_reason: str | None = choice(*LOST_REASONS, label="Reason of loss", index=True)
    competitor: str | None = text(help="Who won the deal, or is in the running for it.", search=True)
    lost_stage: str | None = text(
        max=41, label="Stage lost", help="The stage in which it was lost; noted by the move, empty if not known."
    )
