"""The reports that the core ships; each is a function in `reading.reports.standard`, imported when it is run."""

from __future__ import annotations

from crmkit.core.declare.declarations import Parameter, Report
from crmkit.core.declare.kinds import Choice, ChoiceKind, DateKind, IntegerKind, PercentKind
from crmkit.translation import _

HOME = "crmkit.core.reading.reports.standard"

PIPELINE = Parameter(name="pipeline", help="The pipeline; by default the entity's default one.")
ANY_PIPELINE = Parameter(name="pipeline", help="One pipeline only; by default all of them.")
WHERE = Parameter(name="where", label="Filter", help="A filter over the records that count.")
OWNER = Parameter(name="owner", help="One owner only: the id, external id or name of a user, or `me`.")
SINCE = Parameter(name="since", kind=DateKind(), help="The first day that counts.")
UNTIL = Parameter(name="until", kind=DateKind(), help="The last day that counts.")
ENTITY = Parameter(name="entity", default="opportunity", help="The entity that goes through the stages.")
LIMIT = Parameter(name="limit", kind=IntegerKind(min=1, max=1_000_000), default=100, help="How many rows at most.")
MODES = ChoiceKind(choices=(Choice("snapshot"), Choice("cohort")))
GROUPS = _("owner, team, product, source, customer, industry, city, country, or any field or dotted path")

REPORTS: tuple[object, ...] = (
    Report(
        name="pipeline",
        run=f"{HOME}.pipeline:pipeline",
        help="Open opportunities by stage: count, amount, amount weighted by probability.",
        reads=("opportunity",),
        parameters=(
            PIPELINE,
            WHERE,
            OWNER,
            Parameter(name="by", default="stage", help=f"What makes a row: stage, {GROUPS}."),
        ),
    ),
    Report(
        name="won_lost",
        run=f"{HOME}.won_lost:won_lost",
        label="Won and lost",
        help="Opportunities won and lost in a period: count, win rate, value, days from opening to closing.",
        reads=("opportunity",),
        parameters=(
            Parameter(name="by", help=f"What makes a row: month, quarter, year, {GROUPS}; by default all are one row."),
            SINCE,
            UNTIL,
            WHERE,
            OWNER,
            ANY_PIPELINE,
        ),
    ),
    Report(
        name="funnel",
        run=f"{HOME}.funnel:funnel",
        help="How many records are in each stage and how many have reached it: all of them now, or those that entered"
        " the pipeline in a period.",
        public=True,  # it shows what its reader may see of the entity that is chosen
        parameters=(
            ENTITY,
            PIPELINE,
            Parameter(
                name="mode",
                kind=MODES,
                default="snapshot",
                help="snapshot: where records are now. cohort: how far those came that entered the pipeline in a"
                " period.",
            ),
            SINCE,
            UNTIL,
            WHERE,
        ),
    ),
    Report(
        name="stage_time",
        run=f"{HOME}.stage_time:stage_time",
        label="Time in stage",
        help="How long records stay in each stage, how many are in it and for how long, and how many over its limit.",
        public=True,  # it shows what its reader may see of the entity that is chosen
        parameters=(ENTITY, PIPELINE, WHERE),
    ),
    Report(
        name="overdue",
        run=f"{HOME}.overdue:overdue",
        help="Records that are in their stage for longer than its limit.",
        public=True,  # it shows what its reader may see of the entity that is chosen
        parameters=(ENTITY, PIPELINE, WHERE, OWNER, LIMIT),
    ),
    Report(
        name="records",
        run=f"{HOME}.records:records",
        help="Records of any entity as a table.",
        public=True,  # it shows what its reader may see of the entity that is chosen
        parameters=(
            Parameter(name="entity", required=True, help="The entity."),
            Parameter(name="fields", help="Fields or dotted paths with commas between; by default the first ones."),
            WHERE,
            Parameter(name="order", help="Fields to sort by, with commas between, - before one for downwards."),
            LIMIT,
        ),
    ),
    Report(
        name="duplicates",
        run="crmkit.core.lifecycle.duplicates.reporting:duplicates",
        help="Pairs of records that are likely to stand for the same thing, with what speaks for it.",
        public=True,  # it shows what its reader may see of the entity that is chosen
        parameters=(
            Parameter(name="entity", default="customer", help="The entity; there must be a duplicate rule for it."),
            Parameter(
                name="least",
                kind=PercentKind(),
                help="The lowest likelihood in percent; by default the one from which the rule warns.",
            ),
            LIMIT,
        ),
    ),
    Report(
        name="reconciliation",
        run="crmkit.core.lifecycle.reconciling:reconciliation",
        help="Where records and those of another system differ: in a value, or because one side lacks the record.",
        public=True,  # it asks whether its reader may look up in the source, and shows the records within reach
        parameters=(
            Parameter(name="source", required=True, help="The external source that is compared with."),
            WHERE,
            LIMIT,
        ),
    ),
    Report(
        name="data_quality",
        run=f"{HOME}.data_quality:data_quality",
        label="Quality of data",
        help="How many values are empty, filler such as xxx or 12345678, or the same in many records, and whose.",
        public=True,  # it shows what its reader may see of the entity that is chosen
        parameters=(
            Parameter(name="entity", default="customer", help="The entity."),
            Parameter(
                name="by",
                kind=ChoiceKind(choices=(Choice("field"), Choice("owner"))),
                default="field",
                help="What makes a row: field, or owner (of records without owners, who created them).",
            ),
            Parameter(name="fields", help="Fields with commas between; by default all that may be left empty."),
            Parameter(
                name="many",
                kind=IntegerKind(min=2),
                default=10,
                help="From so many records on, sharing a name, address or number is suspicious.",
            ),
            WHERE,
            OWNER,
        ),
    ),
    Report(
        name="org_chart",
        run=f"{HOME}.org_chart:org_chart",
        label="Organisation chart",
        help="A customer's units and contacts as a tree.",
        reads=("customer",),
        parameters=(Parameter(name="customer", required=True, help="Id, number or name of the customer."),),
    ),
)
