"""Custom fields: the definitions of fields that administrators add while the CRM runs."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from crmkit.core.declare import fields as f
from crmkit.core.declare.declarations import Unique
from crmkit.core.declare.fields import PRIVACIES
from crmkit.core.declare.names import as_label
from crmkit.core.declare.records import Record, record

if TYPE_CHECKING:
    from crmkit.core.lifecycle.drafts import Batch, Draft
    from crmkit.core.lifecycle.session import Session

KINDS = (
    "text",
    "long_text",
    "integer",
    "decimal",
    "percent",
    "money",
    "boolean",
    "date",
    "datetime",
    "duration",
    "choice",
    "tags",
    "email",
    "phone",
    "url",
    "address",
    "location",
)
"""Every kind but references and JSON."""


@record(title="label")
class CustomField(Record):
    """A field that an entity got while the CRM runs. It is there from the next session on."""

    entity: str = f.text(max=41, default="customer", help="The entity that has the field.")
    label: str = f.text(max=120, help="What people call it; made from the name if none is given.")
    name: str = f.text(max=41, pattern="[a-z][a-z0-9_]{0,40}", help="What filters, files and programs call it.")
    kind: str = f.choice(*KINDS)
    help: str | None = f.text(max=500)
    choices: object | None = f.json(help="The names of the choices, or their labels by name.")
    default: str | None = f.text(help="The value of a new record that gives none.")
    decimals: int | None = f.integer(min=0, max=12, help="How many decimals are kept, 4 unless said otherwise.")
    minimum: Decimal | None = f.decimal(help="The smallest number that is allowed.")
    maximum: Decimal | None = f.decimal(help="The largest number, or the greatest length of a text.")
    required: bool = f.boolean(default=False, help="Whether a new record must have a value.")
    searched: bool = f.boolean(default=False, help="Whether full-text search looks into it.")
    privacy: str = f.choice(*PRIVACIES, default="normal")
    active: bool = f.boolean(default=True, help="Whether it is there; an inactive one keeps its values.")
    indexed: bool = f.boolean(default=False, help="Whether filters and sorting on it are fast.")
    promoted: bool = f.boolean(default=False, help="Whether it has a column of its own.")


DECLARATIONS = (
    Unique(
        entity="custom_field", fields=("entity", "name"), message="The entity has a custom field of this name already."
    ),
)


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse definitions that can't become a field."""
    for draft in drafts.of(CustomField):
        if draft.get("label") is None and isinstance(draft.get("name"), str):
            draft.set("label", as_label(str(draft.get("name"))))
        session.custom_fields.check(draft)


def check_delete(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse to delete a definition whose field has values."""
    for draft in drafts.of(CustomField):
        session.custom_fields.check_delete(draft)
