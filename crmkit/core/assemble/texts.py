"""The texts that plugins declare: labels, helps, messages; found by walking what they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from attrs import fields, has

from crmkit.core.declare.records import ENTITY, EXTENSION
from crmkit.translation import Text
from crmkit.translation.extraction import Sentence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from attrs import AttrsInstance

    from crmkit.core.assemble.model import Model


def declared_sentences(model: Model, plugin: str) -> set[Sentence]:
    """Return what a plugin's declarations say to people, as sentences to translate."""
    found = {text for part in model.parts if part.plugin == plugin for text in texts_in(part.declaration)}
    for entity in model.entities.values():
        fields_of_plugin = [each for each in entity.fields.values() if each.provider == plugin]
        found.update(text for each in fields_of_plugin for text in texts_in(each.declared))
    manifests = [each.manifest for each in model.plugins if each.name == plugin]
    found.update(text for each in manifests for text in texts_in(each))
    return {Sentence(each.template, each.plural or "") for each in found if each.template}


def texts_in(said: object) -> Iterator[Text]:
    """Yield the texts in a declaration and in whatever it holds."""
    if isinstance(said, Text):
        yield said
    for each in parts_of(said):
        yield from texts_in(each)


def parts_of(said: object) -> Iterable[object]:
    """Return what a declaration, or a value in one, consists of."""
    if isinstance(said, Text):
        return said.values.values()
    if isinstance(said, type):
        return [vars(said)[name] for name in (ENTITY, EXTENSION) if name in vars(said)]
    if isinstance(said, Mapping):
        return said.values()
    if isinstance(said, (tuple, list, frozenset)):
        return said
    if not has(type(said)):
        return ()
    names = [each.name for each in fields(cast("type[AttrsInstance]", type(said)))]
    return [getattr(said, name, None) for name in names if name != "declared"]  # the class, which would lead back
