"""`crmkit translate`: the catalogue of a plugin's texts in a language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crmkit.cli.language import echo
from crmkit.cli.output import format_option, print_json
from crmkit.translation import _, ngettext

if TYPE_CHECKING:
    from crmkit.cli.chosen import Chosen


@click.command()
@click.argument("plugin")
@click.argument("locale")
@format_option()
@click.pass_obj
def translate(chosen: Chosen, *, plugin: str, locale: str, form: str) -> None:
    """Write the catalogue of a plugin's texts in a language, for a translator.

    The file holds every text that the plugin declares or marks with _(). Run it again after a change: translations are
    kept, new texts are added without one, and those that are gone are left out.

    With --format json: {"file", "texts": NUMBER, "missing": [TEXT, ...]}.
    """
    from crmkit.cli.catalogue import sentences_to_translate, texts_of_plugin
    from crmkit.translation.catalogues import missing, update_catalogue
    from crmkit.translation.languages import is_locale

    if not is_locale(locale):
        told = _("There is no locale {locale!r}. Locales are named like 'de', 'fr_CA' or 'zh_CN'.", locale=locale)
        raise click.UsageError(told)
    model = chosen.crm.model
    source, sentences = texts_of_plugin(model, plugin), sentences_to_translate(model, plugin)
    path = source.file(locale)
    update_catalogue(path, locale, sentences)
    left = missing(path, sentences)
    if form == "json":
        print_json({"file": str(path), "texts": len(sentences), "missing": [each.one for each in left]})
    else:
        echo(
            ngettext(
                "{file}: {count} text, {missing} to translate",
                "{file}: {count} texts, {missing} to translate",
                len(sentences),
                file=path,
                missing=len(left),
            )
        )
