"""Texts remember what they were made of."""

from __future__ import annotations

import gettext
import pickle

from crmkit.translation import Text, _, ngettext


class Shouting(gettext.NullTranslations):
    """A language that is English in capitals, but for the names of places."""

    def gettext(self, message: str) -> str:
        """Return the message in capitals."""
        return message.upper().replace("{NAME}", "{name}").replace("{NAME!R}", "{name!r}").replace("{COUNT}", "{count}")

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """Return the form for a number in capitals."""
        return self.gettext(msgid1 if n == 1 else msgid2)


def test_a_text_is_its_english_sentence() -> None:
    """A text is a str with its places filled."""
    assert _("There is no {sort} {name!r}.", sort="stage", name="won") == "There is no stage 'won'."


def test_a_text_is_translated_with_its_values() -> None:
    """The template is translated, values are put in, and values that are texts are translated, too."""
    text = _("no {name}, sorry", name=_("stage"))
    assert text.translated(Shouting()) == "NO STAGE, SORRY"


def test_numbers_choose_the_form() -> None:
    """A text about a number of things has a form for one and a form for others."""
    forms = [ngettext("{count} record", "{count} records", count) for count in (0, 1, 2)]
    assert forms == ["0 records", "1 record", "2 records"]
    assert [each.translated(Shouting()) for each in forms] == ["0 RECORDS", "1 RECORD", "2 RECORDS"]


def test_nothing_in_a_template_is_evaluated() -> None:
    """Places are names only: no attribute, no index, no format is followed, in a value neither."""
    assert _("{name.__class__} {name[0]} {other}", name="x") == "{name.__class__} {name[0]} {other}"
    assert _("{name}", name="{other}", other="leak") == "{other}"


def test_a_text_survives_pickling() -> None:
    """A text that comes from another process can still be translated."""
    text = pickle.loads(pickle.dumps(_("no {name}", name="stage")))  # noqa: S301  (what this test has just made)
    assert isinstance(text, Text)
    assert (text, text.translated(Shouting())) == ("no stage", "NO stage")
