"""The plugin's reports; each is a function in a file of its own, imported when it is run."""

from __future__ import annotations

from crmkit import Choice, Parameter, Report
from crmkit.core.declare.kinds import BooleanKind, ChoiceKind, DateKind, IntegerKind

PIPELINE = Parameter(name="pipeline", help="The pipeline; by default the default one.")
WHERE = Parameter(name="where", label="Filter", help="A filter over the opportunities that count.")
OWNER = Parameter(name="owner", help="One owner only: the id, external id or name of a user, or `me`.")
SINCE = Parameter(name="since", kind=DateKind(), help="The first day of closing that counts.")
UNTIL = Parameter(name="until", kind=DateKind(), help="The last day of closing that counts.")
LEVEL = Parameter(
    name="level",
    kind=ChoiceKind(choices=(Choice("self"), Choice("team"), Choice("all"))),
    default="all",
    help="Whose deals: one's own, one's team's, or all that one may see.",
)
CARDS = Parameter(name="cards", kind=IntegerKind(min=1, max=1_000), default=20, help="How many cards a column shows.")
READS = ("opportunity",)

DECLARATIONS = (
    Report(
        name="board",
        run="crmkit_sales.board:board_report",
        help="The columns of the sales board: open deals by stage with count, amount and weighted amount.",
        reads=READS,
        parameters=(LEVEL, PIPELINE, WHERE),
    ),
    Report(
        name="board_cards",
        run="crmkit_sales.board:cards_report",
        label="Board with cards",
        help="The cards of the sales board, the largest deals first.",
        reads=READS,
        parameters=(LEVEL, PIPELINE, WHERE, CARDS),
    ),
    Report(
        name="deal",
        run="crmkit_sales.deal:deal_report",
        label="Stage report of a deal",
        help="One deal: its stage, the days it still needs, its chance of success, how similar deals ended.",
        reads=READS,
        parameters=(Parameter(name="deal", required=True, help="Id, number or name of the opportunity."),),
    ),
    Report(
        name="losses",
        run="crmkit_sales.losses:losses",
        help="Lost deals by the stage in which they were lost and the reason.",
        reads=READS,
        parameters=(
            Parameter(name="competitor", kind=BooleanKind(), default=False, help="Whether competitors are told apart."),
            SINCE,
            UNTIL,
            WHERE,
            OWNER,
        ),
    ),
    Report(
        name="sales_analysis",
        run="crmkit_sales.analysis:sales_analysis",
        help="Sales by agent, team, product, source or region: win rate, amount, average size, length of the cycle.",
        reads=READS,
        parameters=(
            Parameter(
                name="by",
                default="owner",
                help="What makes a row: owner, team, product, source, customer, industry, city, country, month,"
                " quarter, year, or any field or dotted path.",
            ),
            SINCE,
            UNTIL,
            WHERE,
            OWNER,
        ),
    ),
)
