"""Languages: the catalogues of crmkit, its plugins and an edition, and which of them a locale reads.

A catalogue is a gettext file `<folder>/<language>/LC_MESSAGES/<domain>.po`, read as it is: nothing has to be compiled.
"""

from __future__ import annotations

import gettext
import io
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.translation.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from babel.messages.catalog import Catalog


@frozen
class Texts:
    """Where the catalogues of one package, file or edition lie.

    Attributes:
        folder: the folder `locale`, with a folder for each language.
        domain: the name of the catalogues in it, without `.po`.
    """

    folder: Path
    domain: str

    def file(self, language: str) -> Path:
        """Return where the catalogue of a language lies, or would."""
        return self.folder / language / "LC_MESSAGES" / f"{self.domain}.po"

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that there is a catalogue for, by their locale names."""
        return tuple(sorted(found.parents[1].name for found in self.folder.glob(f"*/LC_MESSAGES/{self.domain}.po")))


CORE = Texts(Path(__file__).parents[1] / "locale", "crmkit")


@frozen(eq=False)
class Language:
    """A language that texts are said in.

    Attributes:
        name: the locale's name, such as `zh_CN`, or `en`.
    """

    name: str
    catalogues: tuple[gettext.NullTranslations, ...] = ()

    def gettext(self, template: str) -> str:
        """Return the translation of a template by the first catalogue that has one, or the template."""
        if template:  # the empty text stands for a catalogue's header
            for each in self.catalogues:
                found = each.gettext(template)
                if found != template:
                    return found
        return template

    def ngettext(self, one: str, many: str, count: int) -> str:
        """Return the translation for a number of things, or the English form for it."""
        english = one if count == 1 else many
        for each in self.catalogues:
            found = each.ngettext(one, many, count)
            if found != english:
                return found
        return english

    def say(self, text: str) -> str:
        """Return a text in this language; a `str` that is no `Text`, such as a customer's name, stays as it is."""
        return text.translated(self) if isinstance(text, Text) else text


ENGLISH = Language("en")


@frozen
class Languages:
    """The languages of an assembled CRM: an earlier source's translation wins over a later one's."""

    sources: tuple[Texts, ...] = (CORE,)

    @property
    def names(self) -> tuple[str, ...]:
        """The languages that crmkit itself speaks: English and those that it has a catalogue for."""
        return ("en", *CORE.languages)

    def of(self, locale: str) -> Language:
        """Return the language that somebody with a locale such as `zh_Hans_CN`, `zh-CN` or `de` reads best.

        Each source gives its nearest catalogue; what none of them translates stays in English.
        """
        found = []
        for source in self.sources:
            name = nearest_language(locale, source.languages)
            if name is not None:
                found.append(read_translations(source.file(name)))
        return Language(locale, tuple(found)) if found else ENGLISH


def nearest_language(locale: str, known: Iterable[str]) -> str | None:
    """Return which of the known languages a locale reads: the same language, script and territory as far as they agree.

    `zh_Hans_CN`, `zh-CN` and `zh` read `zh_CN`; `zh_TW` (traditional characters) does not.
    """
    wanted = _parts(locale)
    if wanted is None or wanted[0] == "en":
        return None
    ranked: list[tuple[int, str]] = []
    for name in known:
        parts = _parts(name)
        if parts is not None and parts[:2] == wanted[:2]:
            is_general = "_" not in name  # for no territory in particular
            ranked.append((2 if parts[2] == wanted[2] and not is_general else int(is_general), name))
    return max(ranked)[1] if ranked else None


@lru_cache(maxsize=1024)
def _parts(locale: str) -> tuple[str, str | None, str | None] | None:
    """Return the language, script and territory of a locale, those filled in that usually go with it."""
    from babel import Locale, UnknownLocaleError
    from babel.core import get_global

    name = locale.partition(".")[0].partition("@")[0].replace("-", "_")
    try:
        found = Locale.parse(name)
    except (UnknownLocaleError, ValueError, TypeError):
        return None
    likely = get_global("likely_subtags")
    spelt = str(found)
    full = likely.get(spelt) or likely.get(f"{found.language}_{found.territory}") or likely.get(found.language) or spelt
    usual = Locale.parse(full)
    return found.language, found.script or usual.script, found.territory or usual.territory


def is_locale(name: str) -> bool:
    """Return whether there is a locale of that name."""
    return _parts(name) is not None


def read_translations(path: Path) -> gettext.NullTranslations:
    """Return the translations of a catalogue; untranslated and doubtful (fuzzy) entries are left out."""
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=64)
def _read(path: Path, changed: int) -> gettext.NullTranslations:
    del changed  # so that a catalogue that was edited is read again
    from babel.messages.mofile import write_mo

    compiled = io.BytesIO()
    write_mo(compiled, read_catalogue(path))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def read_catalogue(path: Path) -> Catalog:
    """Return a catalogue with all its entries, for those who work on it."""
    from babel.messages.pofile import read_po

    with path.open("rb") as file:
        return read_po(file)
