"""The questions that tell which modes suit a firm, and the presets for how far it has grown."""

from __future__ import annotations

from crmkit.core.declare.kinds import Choice
from crmkit.core.declare.modes import Preset, Question

QUESTIONS = (
    Question(
        name="customers",
        text="How many customers are there?",
        answers=(
            Choice("few", "A few dozen"),
            Choice("hundreds", "Hundreds"),
            Choice("thousands", "Thousands"),
            Choice("huge", "Tens of thousands or more"),
        ),
    ),
    Question(
        name="buying",
        text="How does a customer buy?",
        answers=(
            Choice("counter", "At once, in a shop, on the web or by telephone"),
            Choice("visits", "From a sales representative who comes by"),
            Choice("steps", "In several steps, with offers and decisions"),
            Choice("tender", "As a project with many parties, often by tender"),
        ),
    ),
    Question(
        name="duration",
        text="How long does it take from the first contact to an order?",
        answers=(
            Choice("minutes", "Minutes"),
            Choice("weeks", "Days or weeks"),
            Choice("months", "Months"),
            Choice("years", "A year or more"),
        ),
    ),
    Question(
        name="knowledge",
        text="Where does what you know of customers come from?",
        answers=(
            Choice("transactions", "From what they buy and use"),
            Choice("field", "From people on the road"),
            Choice("talks", "From talks about deals"),
            Choice("service", "From repairs, calls and complaints"),
            Choice("projects", "From working together on projects"),
        ),
    ),
    Question(
        name="afterwards",
        text="What comes after the sale?",
        answers=(
            Choice("nothing", "Little"),
            Choice("again", "They buy again, or become members"),
            Choice("maintenance", "Maintenance, repairs or calls"),
            Choice("payments", "Acceptance and payments in instalments"),
        ),
    ),
)

PRESETS = (
    Preset(
        name="start_up",
        label="Start-up",
        purpose="A young firm that needs its first customers: contacts, deals, and what to do next.",
        plugins=("sales", "activities"),
    ),
    Preset(
        name="growth",
        label="Growth",
        purpose="A firm that grows: campaigns and leads, rules of who does what, and service.",
        plugins=("marketing", "workflow", "service", "insight"),
        follows="start_up",
    ),
    Preset(
        name="regrowth",
        label="Stable or growing anew",
        purpose="A firm that lives from the customers it has: members, loyalty, and their behaviour.",
        plugins=("members", "behaviour_analysis", "connect"),
        follows="growth",
    ),
)
