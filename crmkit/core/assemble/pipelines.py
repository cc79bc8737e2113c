"""Pipelines: the declared ones, with the stages that other plugins inserted, changed, hid or moved."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from attrs import define, evolve, frozen

from crmkit.core.declare.names import nearest
from crmkit.core.declare.stages import AddStage, ChangeStage, Move, Pipeline, Stage
from crmkit.errors import ClashError, DeclarationError, UnknownNameError
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from crmkit.core.assemble.model import Part


@frozen(kw_only=True)
class StageModel:
    """A stage in its place.

    Attributes:
        provider: the plugin that declared it.
        on_remove: what becomes of its records when that plugin goes.
    """

    stage: Stage
    provider: str
    on_remove: str = "refuse"

    @property
    def name(self) -> str:
        """The stage's name."""
        return self.stage.name


@define(kw_only=True, eq=False, slots=False, frozen=True)
class PipelineModel:
    """A pipeline with its stages in order."""

    declared: Pipeline
    provider: str
    stages: tuple[StageModel, ...]
    moves: tuple[Move, ...]

    @property
    def name(self) -> str:
        """The pipeline's name."""
        return self.declared.name

    @property
    def entity(self) -> str:
        """The entity whose records go through it."""
        return self.declared.entity

    @property
    def is_default(self) -> bool:
        """Whether new records get it unless they name another."""
        return self.declared.is_default

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """The position of every stage, counted from 0."""
        return {each.name: position for position, each in enumerate(self.stages)}

    @cached_property
    def first(self) -> Stage:
        """The stage in which records begin."""
        return next(each.stage for each in self.stages if not each.stage.hidden)

    def stage(self, name: str) -> Stage:
        """Return a stage.

        Raises:
            UnknownNameError: if the pipeline has none of that name.
        """
        position = self.positions.get(name)
        if position is None:
            close = nearest(name, self.positions)
            raise UnknownNameError(
                sort=_("stage of the pipeline {name!r}", name=self.name),
                name=name,
                known=tuple(self.positions),
                nearest=close,
            )
        return self.stages[position].stage

    def allows(self, source: str, target: str) -> bool:
        """Return whether a record may go from one stage to another.

        From a stage that the pipeline no longer has, a record may go anywhere.
        """
        goal = self.stage(target)
        if goal.hidden:
            return False
        if source not in self.positions or Move(source, target) in self.moves:
            return True
        if self.stage(source).is_closed:
            return self.declared.reopen and (not goal.is_closed or goal.kind != self.stage(source).kind)
        return goal.is_closed or self._allows_step(source, target)

    def _allows_step(self, source: str, target: str) -> bool:
        shown = [each.name for each in self.stages if not each.stage.hidden or each.name == source]
        step = shown.index(target) - shown.index(source)
        if step > 0:
            return self.declared.forward == "any" or step == 1
        return self.declared.back == "any" or (self.declared.back == "previous" and step == -1)


def assemble_pipelines(parts: Iterable[Part]) -> dict[str, PipelineModel]:
    """Assemble all pipelines.

    Raises:
        ClashError: if two plugins insert one stage, or change one stage differently.
        DeclarationError: if a stage or pipeline that is to be changed doesn't exist.
    """
    building: dict[str, _Building] = {}
    parts = list(parts)
    for part in parts:
        if isinstance(part.declaration, Pipeline):
            other = building.get(part.declaration.name)
            if other and other.pipeline != part.declaration:
                subject = _("pipeline {declaration!r}", declaration=part.declaration.name)
                raise ClashError(subject=subject, plugins=(other.provider, part.plugin))
            building.setdefault(part.declaration.name, _Building(part.declaration, part.plugin))
    for part in parts:
        if isinstance(part.declaration, AddStage):
            _named(building, part).add(part.declaration, part.plugin)
    for part in parts:
        if isinstance(part.declaration, ChangeStage):
            _named(building, part).change(part.declaration, part.plugin)
    made = {name: each.finished() for name, each in building.items()}
    check_defaults(made)
    return made


def check_defaults(pipelines: Mapping[str, PipelineModel]) -> None:
    """Refuse two default pipelines of one entity."""
    defaults: dict[str, PipelineModel] = {}
    for each in pipelines.values():
        if each.is_default:
            other = defaults.setdefault(each.entity, each)
            if other is not each:
                subject = _(
                    "the default pipeline of {entity!r} ({other!r} or {name!r})",
                    entity=each.entity,
                    other=other.name,
                    name=each.name,
                )
                raise ClashError(subject=subject, plugins=(other.provider, each.provider))


def _named(building: Mapping[str, _Building], part: Part) -> _Building:
    name = part.declaration.pipeline  # type: ignore[attr-defined]
    if name not in building:
        close = nearest(name, building)
        hint = (
            _(" Did you mean {close!r}?", close=close)
            if close
            else _(" There are: {names}.", names=", ".join(sorted(building)))
        )
        raise DeclarationError(
            subject=_("pipeline {name!r}", name=name),
            problem=_("it doesn't exist.{hint}", hint=hint),
            plugin=part.plugin,
        )
    return building[name]


class _Building:
    """A pipeline while plugins still change it."""

    def __init__(self, pipeline: Pipeline, provider: str) -> None:
        self.pipeline = pipeline
        self.provider = provider
        self.stages = [StageModel(stage=stage, provider=provider) for stage in pipeline.stages]
        self.moves = list(pipeline.moves)
        self.changed: dict[tuple[str, str], tuple[object, str]] = {}

    def position(self, name: str, plugin: str) -> int:
        names = [each.name for each in self.stages]
        if name in names:
            return names.index(name)
        close = nearest(name, names)
        hint = _(" Did you mean {close!r}?", close=close) if close else _(" It has: {names}.", names=", ".join(names))
        subject = _("stage {name!r} of the pipeline {pipeline!r}", name=name, pipeline=self.pipeline.name)
        raise DeclarationError(subject=subject, problem=_("it doesn't exist.{hint}", hint=hint), plugin=plugin)

    def add(self, added: AddStage, plugin: str) -> None:
        made = StageModel(stage=added.stage, provider=plugin, on_remove=added.on_remove)
        for each in self.stages:
            if each.name == made.name:
                if each.stage == made.stage:
                    return
                subject = _("stage {made!r} of the pipeline {pipeline!r}", made=made.name, pipeline=self.pipeline.name)
                raise ClashError(subject=subject, plugins=(each.provider, plugin))
        self.insert(made, added.after, added.before, plugin)
        self.moves += added.moves

    def insert(self, made: StageModel, after: str | None, before: str | None, plugin: str) -> None:
        anchor = self.position(str(after or before), plugin)
        self.stages.insert(anchor + (after is not None), made)

    def change(self, wanted: ChangeStage, plugin: str) -> None:
        position = self.position(wanted.stage, plugin)
        single = ("label", "probability", "limit", "hidden")
        given = {name: value for name in single if (value := getattr(wanted, name)) is not None}
        place = (wanted.after, wanted.before)
        said: dict[str, object] = {**given, "place": place} if any(place) else given
        for name, value in said.items():
            before, first = self.changed.setdefault((wanted.stage, name), (value, plugin))
            if before != value:
                subject = _(
                    "{name} of the stage {stage!r} of the pipeline {pipeline!r}",
                    name=name,
                    stage=wanted.stage,
                    pipeline=self.pipeline.name,
                )
                raise ClashError(subject=subject, plugins=(first, plugin))
        stage = self.stages[position].stage
        more = {name: getattr(stage, name) + getattr(wanted, name) for name in ("requires", "entry", "leave")}
        made = evolve(self.stages[position], stage=evolve(stage, **given, **more))
        self.stages[position] = made
        if any(place):
            del self.stages[position]
            self.insert(made, wanted.after, wanted.before, plugin)

    def finished(self) -> PipelineModel:
        if all(each.stage.hidden for each in self.stages):
            raise DeclarationError(
                subject=_("pipeline {pipeline!r}", pipeline=self.pipeline.name), problem=_("all its stages are hidden.")
            )
        return PipelineModel(
            declared=self.pipeline, provider=self.provider, stages=tuple(self.stages), moves=tuple(self.moves)
        )
