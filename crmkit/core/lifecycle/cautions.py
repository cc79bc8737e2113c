"""Cautions: what a session is told about records that it has written, and what is no reason to refuse them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from crmkit.core.declare.values import Ref


@frozen(kw_only=True)
class Caution:
    """Something about a record that its writer should know: the field, a text for people, and a plugin's own detail."""

    record: Ref[object]
    path: str
    text: str
    detail: object = None
