"""Names of files from outside: what is left of them leads nowhere, and is what was checked."""

from __future__ import annotations

import itertools
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.declare.conventions import Conventions
from crmkit.core.declare.kinds import FileKind
from crmkit.core.declare.kinds.file_names import LONGEST_NAME, MOST_BYTES, UNSEEN, clean_name
from crmkit.core.declare.values import File
from crmkit.errors import InvalidValue

CONVENTIONS = Conventions()
KIND = FileKind()
SLASHES = "/\\\u2044\u2215\u2216\u29f8\u29f9\uff0f\uff3c"
STEPS = ("..", ".", "...", "%2e%2e", "a", "C:", "~", "..\u200b", ".\u202e.")
DEVICES = ("CON", "prn", "Aux", "NUL", "COM1", "lpt9", "COM\u00b9", "CONIN$", "clock$")
HIDDEN = ("\0", "\x1b", "\u200b", "\u202e", "\u2066", "\ufeff", "\u2028", "\ud800", "\x7f")
HOSTILE = [
    *(f"{step}{slash}{step}{slash}secret.pdf" for step, slash in itertools.product(STEPS, SLASHES)),
    *(f"{device}{end}.pdf" for device in DEVICES for end in ("", " ", ".x")),
    *(f"a{hidden}b.p{hidden}df{hidden}" for hidden in HIDDEN),
    "a" * 4096 + ".pdf",
    "\u5408" * 4096 + ".pdf",
    "invoice.pdf . .",
    ".pdf.pdf",
    'a<b>c:"d|e?f*.pdf',
    "a\r\nContent-Type: text.pdf",
]
"""More than 120 names that were used, or could be, to get out of a folder, or to be taken for something else."""


@pytest.mark.parametrize("given_name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_from_outside_leads_nowhere(given_name: str) -> None:
    """No hostile name keeps a path, a hidden character, a device of Windows, or more than a file system takes."""
    file = KIND.parse(File(given_name, content=b"%PDF-1.7"), CONVENTIONS)
    assert file is not None
    name = file.name
    assert name.endswith(".pdf")
    assert name.strip(". ") == name
    assert not set(name) & {*SLASHES, *'<>:"|?*'}
    assert not any(unicodedata.category(each) in UNSEEN for each in name)
    assert name.partition(".")[0].upper() not in {"CON", "PRN", "AUX", "NUL", "COM1", "LPT9", "COM\u00b9", "CONIN$"}
    assert (len(name) <= LONGEST_NAME + 1, len(name.encode()) <= MOST_BYTES) == (True, True)


@given(st.text(max_size=300) | st.text(st.sampled_from(f"{SLASHES}. \0\u202e:Ca\u0301\u5408"), max_size=400))
def test_a_clean_name_is_clean(given_name: str) -> None:
    """What is checked is what is stored: cleaning once more changes nothing."""
    name = clean_name(given_name)
    assert clean_name(name) == name


WRONG = (
    "",
    ".",
    "..",
    "/",
    "a/",
    ".pdf",
    "pdf",
    "a.exe",
    "a.phar",
    "a.svg",
    "a.html",
    "a.pdf.js",
    "a.p df",
    "a.pd\u0192",
)


@pytest.mark.parametrize("name", WRONG)
def test_only_listed_types_are_taken(name: str) -> None:
    """A name with no extension, or one that isn't listed, is refused, whatever hides it."""
    with pytest.raises(InvalidValue, match="none of these types"):
        KIND.parse(File(name, content=b"%PDF-1.7"), CONVENTIONS)


def test_a_character_that_is_dropped_hides_no_extension() -> None:
    """A name is checked as it is stored: with a zero-width character in it, it is of the type that it then has."""
    with pytest.raises(InvalidValue, match="none of these types"):
        KIND.parse(File("a.ph\u200bar", content=b"%PDF-1.7"), CONVENTIONS)
    found = KIND.parse(File("Angebot.p\u200bdf", content=b"%PDF-1.7"), CONVENTIONS)
    assert found is not None
    assert (found.name, found.type) == ("Angebot.pdf", "application/pdf")
