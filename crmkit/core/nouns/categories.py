"""Categories: trees by which the records of an entity are sorted, each into one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare import fields as f
from crmkit.core.declare.declarations import Unique
from crmkit.core.declare.records import Record, record
from crmkit.core.declare.values import Ref
from crmkit.translation import _

if TYPE_CHECKING:
    from crmkit.core.lifecycle.drafts import Batch, Change, Draft
    from crmkit.core.lifecycle.session import Session

SEPARATOR = " / "


@record(title="path", plural="Categories")
class Category(Record):
    """A place in the tree by which the records of an entity are sorted."""

    name: str = f.text(search=True)
    entity: str = f.text(max=41, default="customer", help="The entity whose records it is for.")
    code: str | None = f.text(max=41, pattern="[a-z][a-z0-9_]*", help="What level rules call it.")
    parent: Ref[Category] | None = f.ref(label="Part of")
    path: str | None = f.text(max=800, search=True, index=True, help="Its name behind those above; it follows.")
    description: str | None = f.long_text()


DECLARATIONS = (
    Unique(entity="category", fields=("entity", "path"), message="There is such a category already."),
    Unique(entity="category", fields=("entity", "code"), message="Another category has this code."),
)


def check(session: Session, drafts: Batch[Draft]) -> None:
    """Refuse categories of another entity than their record or their parent, and say where each one stands."""
    for draft in drafts.of(Category):
        if draft.sets("entity") and draft.get("entity") not in session.model.entities:
            draft.refuse("entity", _("There is no entity {name}.", name=draft.get("entity")))
        above = draft.related("parent")
        if isinstance(above, Category) and above.entity != draft.get("entity"):
            draft.refuse("parent", _("The category above is for {entity}.", entity=above.entity))
        if draft.record is not None and draft.sets("entity"):
            draft.refuse("entity", _("A category stays with its entity. Make another one."))
        if draft.sets("name", "parent", "path") and draft.get("name") is not None:
            names = [above.path, draft.get("name")] if isinstance(above, Category) else [draft.get("name")]
            draft.set("path", SEPARATOR.join(map(str, names)))
    referring = [
        name for name, each in drafts.entity.fields.items() if each.target == "category" and not each.is_system
    ]
    for name in referring if drafts.entity.name != "category" else ():
        for draft in drafts:
            chosen = draft.related(name) if draft.sets(name) else None
            if isinstance(chosen, Category) and chosen.entity != drafts.entity.name:
                draft.refuse(name, _("This category is for {entity}.", entity=chosen.entity))


def follow(session: Session, changes: Batch[Change]) -> None:
    """Give the categories below a renamed or moved one their new paths."""
    for change in changes.of(Category):
        if "path" in change.changed and isinstance(change.after, Category):
            put_below(session, change.after)


def follow_above(session: Session, changes: Batch[Change]) -> None:
    """Give restored categories the paths that follow from those above, which may have others than when they went."""
    for change in changes.of(Category):
        above = session.get(Category, change.after.id).parent
        if above is not None:
            put_below(session, session.get(Category, int(above)))


def put_below(session: Session, above: Category) -> None:
    """Give the categories below one the paths that follow from its own."""
    below = [(each, SEPARATOR.join((str(above.path), each.name))) for each in session.find(Category, {"parent": above})]
    session.update_many((each, {"path": path}) for each, path in below if each.path != path)
