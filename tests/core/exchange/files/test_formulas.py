import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.exchange.files import neutralise, restore

STARTERS = "=+-@|%\t\r＝＋－＠｜％−"
BEFORE = ["", " ", "\n", "\ufeff", "\u3000", "\xa0", "\u200b", "\x01", "\t", " \ufeff\x7f", "'", "''", "' "]


@given(st.text() | st.text(alphabet="' =+-@|%\t\r\n\ufeff\u3000＝a"))
def test_restoring_undoes_neutralising(text: str) -> None:
    """restore(neutralise(text)) is the text, for every text."""
    assert restore(neutralise(text)) == text


@given(st.text(alphabet="' =+-@|%\t\r\n\ufeff\u3000＝a"))
def test_no_neutralised_text_begins_like_a_formula(text: str) -> None:
    """Neutralising again finds no formula that isn't behind an apostrophe."""
    safe = neutralise(text)

    assert safe.startswith("'") or neutralise(safe) == safe


@pytest.mark.parametrize("starter", STARTERS)
@pytest.mark.parametrize("before", BEFORE)
def test_every_way_to_begin_a_formula_gets_an_apostrophe(before: str, starter: str) -> None:
    """Whatever invisible stands before the first character of a formula, the cell begins with an apostrophe."""
    assert neutralise(f"{before}{starter}cmd") == f"'{before}{starter}cmd"


@pytest.mark.parametrize("text", ["Acme", "o'Brien", "'t Hart", "a=b", "1-2", "中文", "(=1)", "'quoted'", "#tag", "_x"])
def test_other_texts_are_left_alone(text: str) -> None:
    """A text that is no formula is written and read as it is."""
    assert neutralise(text) == text
    assert restore(text) == text
