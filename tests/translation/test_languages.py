"""Languages: which catalogue a locale reads, and what is said in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit.translation import _, about, joined, ngettext
from crmkit.translation.catalogues import missing, update_catalogue, wrong_places
from crmkit.translation.extraction import Sentence, sentences_of
from crmkit.translation.languages import Languages, Texts, nearest_language

if TYPE_CHECKING:
    from pathlib import Path

CATALOGUE = """
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "no {name}, sorry"
msgstr "leider kein {name}"

msgid "stage"
msgstr "Stadium"

msgid "{count} record"
msgid_plural "{count} records"
msgstr[0] "{count} Satz"
msgstr[1] "{count} S\u00e4tze"

#, fuzzy
msgid "doubtful"
msgstr "zweifelhaft"
"""


@pytest.fixture
def german(tmp_path: Path) -> Texts:
    """A folder with one German catalogue."""
    texts = Texts(tmp_path / "locale", "shop")
    texts.file("de").parent.mkdir(parents=True)
    texts.file("de").write_text(CATALOGUE, encoding="utf-8")
    return texts


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("zh_CN", "zh_CN"),
        ("zh", "zh_CN"),
        ("zh-Hans-SG", "zh_CN"),
        ("zh_CN.UTF-8", "zh_CN"),
        ("zh_TW", None),
        ("zh_Hant", None),
        ("de_AT", "de"),
        ("pt_BR", "pt_BR"),
        ("pt_PT", "pt"),
        ("en_GB", None),
        ("C", None),
        ("no such locale", None),
        ("", None),
    ],
)
def test_a_locale_reads_the_nearest_language(locale: str, language: str | None) -> None:
    """Language and script must be the same, and the territory's own catalogue comes first."""
    assert nearest_language(locale, ["de", "pt", "pt_BR", "zh_CN", "en"]) == language


def test_texts_are_said_with_their_values(german: Texts) -> None:
    """Templates, values that are texts, plural forms and texts side by side are all translated."""
    language = Languages((german,)).of("de_DE")
    assert language.say(_("no {name}, sorry", name=_("stage"))) == "leider kein Stadium"
    assert [language.say(ngettext("{count} record", "{count} records", count)) for count in (1, 2)] == [
        "1 Satz",
        "2 S\u00e4tze",
    ]
    assert language.say(about("x", joined([_("stage"), _("stage")]))) == "x: Stadium Stadium"


def test_what_is_no_text_stays_as_it_is(german: Texts) -> None:
    """A customer who is called like a text of the program is not translated."""
    language = Languages((german,)).of("de")
    assert (language.say("stage"), language.say(_("stage")), language.say(_(""))) == ("stage", "Stadium", "")


def test_doubtful_and_missing_translations_stay_in_english(german: Texts) -> None:
    """Fuzzy entries are not used."""
    language = Languages((german,)).of("de")
    assert [language.say(_("doubtful")), language.say(_("unheard of"))] == ["doubtful", "unheard of"]


def test_an_earlier_source_wins(german: Texts, tmp_path: Path) -> None:
    """An edition may say better what a plugin says."""
    own = Texts(tmp_path / "own", "edition")
    update_catalogue(own.file("de"), "de", [Sentence("stage")])
    filled = own.file("de").read_text("utf-8").replace('msgid "stage"\nmsgstr ""', 'msgid "stage"\nmsgstr "Stufe"')
    own.file("de").write_text(filled, encoding="utf-8")
    assert Languages((own, german)).of("de").say(_("no {name}, sorry", name=_("stage"))) == "leider kein Stufe"


def test_a_catalogue_is_updated_without_losing_translations(german: Texts) -> None:
    """Known translations stay, new sentences come empty, those that are gone go; twice is as once."""
    file = german.file("de")
    sentences = [
        Sentence("stage"),
        Sentence("{count} record", "{count} records"),
        Sentence("new"),
        Sentence("doubtful"),
    ]
    update_catalogue(file, "de", sentences)
    first = file.read_text("utf-8")
    assert [each.one for each in missing(file, sentences)] == ["doubtful", "new"]
    assert "Stadium" in first
    assert "S\u00e4tze" in first
    assert "sorry" not in first
    update_catalogue(file, "de", sentences)
    assert file.read_text("utf-8") == first


def test_sentences_are_found_in_the_source() -> None:
    """Literals given to the marks are found, implicit concatenation included; what is no literal is not."""
    source = 'x = _("one " "sentence", a=1)\ny = ngettext("{count} day", "{count} days", n)\n_(variable)\nf("no")\n'
    assert set(sentences_of(source)) == {Sentence("one sentence"), Sentence("{count} day", "{count} days")}


def test_a_translation_with_other_places_is_found(german: Texts) -> None:
    """A translator may drop a count, and nothing else."""
    file = german.file("de")
    file.write_text(file.read_text("utf-8").replace("kein {name}", "kein {nam}"), encoding="utf-8")
    assert list(wrong_places(file)) == [("no {name}, sorry", "leider kein {nam}")]
