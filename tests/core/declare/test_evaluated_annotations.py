"""Declarations in modules without `from __future__ import annotations`."""

from typing import Optional

from crmkit import Customer, Record, Ref, integer, record, ref, text


@record
class OptionalPart(Record):
    """Every way of annotating, evaluated."""

    name: str = text()
    plain: Ref[Customer] = ref()
    optional: Optional[Ref[Customer]] = ref()  # noqa: UP045  (people write it so)
    union: Ref[Customer] | None = ref()
    quoted: Ref["OptionalPart"] | None = ref()
    quoted_whole: "Ref[OptionalPart] | None" = ref()
    quoted_required: Ref["OptionalPart"] = ref()
    size: int | None = integer()


def test_evaluated_annotations_mean_the_same() -> None:
    """Whether annotations are evaluated or not, optional and target are read off them."""
    fields = {each.name: each for each in OptionalPart.__crmkit_entity__.fields}
    assert {name for name, each in fields.items() if each.required} == {"name", "plain", "quoted_required"}
    assert {name: getattr(each.kind, "target", None) for name, each in fields.items()} == {
        "name": None,
        "plain": "customer",
        "optional": "customer",
        "union": "customer",
        "quoted": "optional_part",
        "quoted_whole": "optional_part",
        "quoted_required": "optional_part",
        "size": None,
    }
