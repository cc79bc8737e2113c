"""Level rules: which value of a field follows from what else is known of a record."""

from __future__ import annotations

from attrs import frozen

from crmkit.core.declare.names import check_name

HAND, RULE = "hand", "rule"
"""What the field beside a ruled one says: who gave it its value."""


@frozen(kw_only=True)
class LevelRule:
    """A rule that gives a field its value; of the rules of a field, the first one that holds counts.

    Beside the field, the entity has one named like it with `_by` behind, a choice of `hand` and `rule`. A value that
    somebody gives by hand stays until the field is emptied, or `_by` is set to `rule`.

    Attributes:
        field: the field, a choice, a text or a number; or a reference to a category, whose code `value` is then.
        when: a filter expression; an empty one always holds, as the last rule's may.
    """

    name: str
    entity: str
    field: str
    value: object
    when: str = ""

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "level rule")

    @property
    def by(self) -> str:
        """The name of the field that says who gave the value."""
        return f"{self.field}_by"
