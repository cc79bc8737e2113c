"""Pipelines and stages, and how a plugin changes those of others."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from attrs import field, frozen
from attrs.converters import optional

from crmkit.core.declare.names import as_label, as_text, check_name
from crmkit.errors import DeclarationError
from crmkit.translation import _

if TYPE_CHECKING:
    from datetime import timedelta

StageKind = Literal["open", "waiting", "won", "lost", "done", "void"]
STAGE_KINDS: tuple[StageKind, ...] = ("open", "waiting", "won", "lost", "done", "void")
CLOSED_KINDS = frozenset({"won", "lost", "done", "void"})


def _percent(value: Decimal | float | str | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


@frozen(kw_only=True)
class Gate:
    """A condition that a record must meet, as a filter expression, and what a person is told if it doesn't."""

    condition: str
    message: str = field(converter=as_text)
    path: str = "stage"


@frozen
class Stage:
    """One stage of a pipeline.

    Attributes:
        kind: what the stage means to code outside the plugin.
        probability: the chance of success in percent that a record gets on entry, unless the move gives another.
        limit: how long a record should stay at most.
        requires: fields that must have a value on entry.
        entry, leave: gates that must hold when the stage is entered or left.
        hidden: whether the stage can no longer be entered; records in it may leave.
    """

    name: str
    label: str = field(default="", converter=as_text)
    kind: StageKind = field(default="open", kw_only=True)
    probability: Decimal | None = field(default=None, converter=_percent, kw_only=True)
    limit: timedelta | None = field(default=None, kw_only=True)
    requires: tuple[str, ...] = field(default=(), kw_only=True)
    entry: tuple[Gate, ...] = field(default=(), kw_only=True)
    leave: tuple[Gate, ...] = field(default=(), kw_only=True)
    hidden: bool = field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "stage")
        if self.kind not in STAGE_KINDS:
            raise DeclarationError(
                subject=_("stage {name!r}", name=self.name),
                problem=_("its kind is one of {stage_kinds}.", stage_kinds=STAGE_KINDS),
            )
        if not self.label:
            object.__setattr__(self, "label", as_label(self.name))

    @property
    def is_closed(self) -> bool:
        """Whether a record in this stage is finished, well or badly."""
        return self.kind in CLOSED_KINDS


@frozen
class Move:
    """A move that a pipeline allows beyond its general rules, from one stage to another."""

    source: str
    target: str


@frozen(kw_only=True)
class Pipeline:
    """An ordered run of stages for records of one entity.

    Attributes:
        forward: `any` later open stage, or only the `next` one.
        back: `any` earlier stage, only the `previous` one, or `none`.
        reopen: whether a closed record may go back to an open stage.
        moves: single moves allowed beyond these rules.
        is_default: whether new records that name no pipeline get this one.
    """

    name: str
    entity: str
    stages: tuple[Stage, ...]
    label: str = field(default="", converter=as_text)
    forward: Literal["any", "next"] = "any"
    back: Literal["any", "previous", "none"] = "any"
    reopen: bool = True
    moves: tuple[Move, ...] = ()
    is_default: bool = False

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "pipeline")
        names = [stage.name for stage in self.stages]
        if not names or len(set(names)) != len(names):
            raise DeclarationError(
                subject=_("pipeline {name!r}", name=self.name), problem=_("it needs stages, each name once.")
            )
        if not self.label:
            object.__setattr__(self, "label", as_label(self.name))


@frozen
class AddStage:
    """Insert a stage into a pipeline, after or before one of its stages.

    Attributes:
        on_remove: what becomes of records in the stage when the plugin goes: `map:<stage>`, `keep` or `refuse`.
    """

    pipeline: str
    stage: Stage
    after: str | None = field(default=None, kw_only=True)
    before: str | None = field(default=None, kw_only=True)
    on_remove: str = field(default="refuse", kw_only=True)
    moves: tuple[Move, ...] = field(default=(), kw_only=True)

    def __attrs_post_init__(self) -> None:
        subject = _("stage {stage!r} of {pipeline!r}", stage=self.stage.name, pipeline=self.pipeline)
        if (self.after is None) == (self.before is None):
            raise DeclarationError(subject=subject, problem=_("say either after= or before= which stage it comes."))
        if self.on_remove not in {"keep", "refuse"} and not self.on_remove.startswith("map:"):
            raise DeclarationError(subject=subject, problem=_("on_remove is 'map:<stage>', 'keep' or 'refuse'."))


@frozen
class ChangeStage:
    """Rename, hide, reorder or re-weight a stage of a pipeline; what is None stays as it is."""

    pipeline: str
    stage: str
    label: str | None = field(default=None, converter=optional(as_text), kw_only=True)
    probability: Decimal | None = field(default=None, converter=_percent, kw_only=True)
    limit: timedelta | None = field(default=None, kw_only=True)
    hidden: bool | None = field(default=None, kw_only=True)
    requires: tuple[str, ...] = field(default=(), kw_only=True)
    entry: tuple[Gate, ...] = field(default=(), kw_only=True)
    leave: tuple[Gate, ...] = field(default=(), kw_only=True)
    after: str | None = field(default=None, kw_only=True)
    before: str | None = field(default=None, kw_only=True)
