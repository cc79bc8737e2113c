"""What there is to translate in a plugin: its declarations, its source, and for the core the help of the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.cli.helping import help_sentences
from crmkit.core.assemble.model import known
from crmkit.core.assemble.texts import declared_sentences
from crmkit.translation import _
from crmkit.translation.extraction import sentences_in
from crmkit.translation.languages import CORE, Texts

if TYPE_CHECKING:
    from crmkit.core.assemble.model import Model
    from crmkit.translation.extraction import Sentence


def texts_of_plugin(model: Model, plugin: str) -> Texts:
    """Return where the catalogues of a plugin lie.

    Raises:
        UnknownNameError: if no enabled plugin has that name, or it has no file.
    """
    return known({each.name: each.texts for each in model.plugins if each.texts is not None}, plugin, _("plugin"))


def sentences_to_translate(model: Model, plugin: str) -> set[Sentence]:
    """Return all that a plugin says to people."""
    texts = texts_of_plugin(model, plugin)
    file = texts.folder.parent / f"{texts.domain}.py"
    found = declared_sentences(model, plugin) | sentences_in(file if file.is_file() else texts.folder.parent)
    return found | help_sentences() if texts == CORE else found
