"""What is installed: optional packages, translations, and plugins whose code is gone."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from crmkit.cli.calling import typed
from crmkit.translation import _, ngettext

if TYPE_CHECKING:
    from crmkit.app import CRM
    from crmkit.cli.chosen import Chosen
    from crmkit.cli.examining.health import Health
    from crmkit.core.assemble.model import Model

OPTIONAL: Final = (
    ("charts", "vl_convert", _("reports can't be drawn as pictures")),
    ("postgresql", "psycopg", _("the database can't be a PostgreSQL")),
)
"""Optional packages: the extra that brings one, its module, and what can't be done without it."""


def check(chosen: Chosen, health: Health) -> None:
    """Check what is installed beside crmkit, and whether plugins speak the language of the CRM."""
    for extra, module, without in OPTIONAL:
        if find_spec(module) is None:
            advice = _("Run {command}, if that is wanted.", command=f"`pip install 'crmkit[{extra}]'`")
            health.warn(_("Optional packages"), _("{extra}: {without}", extra=extra, without=without), advice)
    check_translations(chosen, chosen.crm.model, health)


def check_translations(chosen: Chosen, model: Model, health: Health) -> None:
    """Check whether plugins that are translated have all texts in the CRM's language."""
    from crmkit.cli.catalogue import sentences_to_translate
    from crmkit.translation.catalogues import missing
    from crmkit.translation.languages import nearest_language

    for plugin in model.plugins:
        known = plugin.texts.languages if plugin.texts is not None else ()
        language = nearest_language(model.conventions.locale, known)
        if plugin.texts is None or language is None:
            continue
        left = missing(plugin.texts.file(language), sentences_to_translate(model, plugin.name))
        if left:
            text = ngettext(
                "{count} text of {plugin} is not translated into {language}",
                "{count} texts of {plugin} are not translated into {language}",
                len(left),
                plugin=plugin.name,
                language=language,
            )
            command = typed(*chosen.arguments, "translate", plugin.name, language)
            health.warn(_("Translations"), text, _("Run {command}, and fill in the file.", command=command))


def check_disabled(chosen: Chosen, crm: CRM, health: Health) -> None:
    """Check whether the database keeps data of plugins whose code isn't here any more."""
    from crmkit.core.assemble.plugins import installed

    here = installed()
    for each in crm.plugins.list():
        if each.state == "disabled" and not each.is_wished and each.name not in here and each.rows:
            text = ngettext(
                "{plugin} is disabled, its code isn't installed, and {count} record or value of it is kept",
                "{plugin} is disabled, its code isn't installed, and {count} records and values of it are kept",
                each.rows,
                plugin=each.name,
            )
            command = typed(*chosen.arguments, "plugins", "purge", each.name)
            health.warn(_("Plugins"), text, _("Install it again, or delete its data by {command}.", command=command))
