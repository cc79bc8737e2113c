"""Purposes: what sensitive data are kept for, and on what ground that rests."""

from __future__ import annotations

from typing import Literal, get_args

from attrs import field, frozen
from attrs.validators import in_

from crmkit.core.declare.names import as_label, as_text, check_name

Basis = Literal["consent", "contract", "legal_obligation", "vital_interest", "public_task", "legitimate_interest"]
BASES: tuple[Basis, ...] = get_args(Basis)


@frozen(kw_only=True)
class Purpose:
    """What some sensitive fields are kept for. One of the purposes of a field must hold for it to be given a value.

    Attributes:
        basis: on what it rests (Art. 6 GDPR). `consent` holds while the person has given one that is neither withdrawn
            nor expired; the others always hold.
        fields: the fields that are kept for it, such as `customer.diagnosis`.
        help: what is done with the data, for people.
    """

    name: str
    basis: Basis = field(validator=in_(BASES))
    fields: tuple[str, ...] = ()
    label: str = field(default="", converter=as_text)
    help: str = field(default="", converter=as_text)

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "purpose")
        if not self.label:
            object.__setattr__(self, "label", as_label(self.name))
