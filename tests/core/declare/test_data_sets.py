"""Telephone numbers and e-mail addresses of real data sets: our verdicts beside theirs."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from crmkit.core.declare.conventions import Conventions
from crmkit.core.declare.kinds import EmailKind, PhoneKind
from crmkit.errors import InvalidValue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CONVENTIONS = Conventions()


def rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a file of the telephone data set."""
    with (folder / "phones" / name).open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


@pytest.mark.data
def test_every_example_number_is_read_in_all_its_writings(data_folder: Path) -> None:
    """A number of any region is the same in E.164, in international and in national writing."""
    for row in rows(data_folder, "example_numbers_by_region.csv"):
        for text, region in (
            (row["e164"], None),
            (row["international"], None),
            (row["national"], row["region"]),
        ):
            found = PhoneKind().parse(text, Conventions(phone_region=region))
            assert found == row["e164"], row
        shown = PhoneKind().format(row["e164"], CONVENTIONS)
        assert PhoneKind().parse(shown, CONVENTIONS) == row["e164"]


@pytest.mark.data
def test_any_text_is_a_number_or_a_refusal(data_folder: Path) -> None:
    """Whatever the matcher's and the reject cases hold, the answer is a stable number or a refusal."""
    texts = [(row["text"], row["region"] or None) for row in rows(data_folder, "libphonenumber_matcher_texts.csv")]
    rejected = rows(data_folder, "libphonenumber_reject_cases.csv")
    texts += [(row["raw"], row["default_region"] or None) for row in rejected]
    for text, region in texts:
        conventions = Conventions(phone_region=region if region and len(region) == 2 else None)
        try:
            found = PhoneKind().parse(text, conventions)
        except InvalidValue:
            continue
        assert found is None or PhoneKind().parse(found, conventions) == found


@pytest.mark.data
def test_verdicts_on_addresses_differ_only_where_they_mean_to(data_folder: Path) -> None:
    """What is_email calls valid is accepted, what it calls an error, obsolete or commented is refused.

    Ours differ in two ways. White space around an address is dropped before it is looked at. And `test@io` is refused:
    no mail reaches a domain without a dot, and in a customer's address it is a slip.
    """
    wrong = []
    for test in ET.parse(data_folder / "isemail" / "tests.xml").getroot().iter("test"):  # noqa: S314
        written = test.findtext("address") or ""
        text = "".join(chr(ord(each) - 0x2400) if 0x2400 <= ord(each) < 0x2420 else each for each in written)
        try:
            found = EmailKind().parse(text, CONVENTIONS)
        except InvalidValue:
            found = None
        assert found is None or EmailKind().parse(found, CONVENTIONS) == found
        is_valid = test.findtext("category") in {"ISEMAIL_VALID_CATEGORY", "ISEMAIL_DNSWARN"}
        if is_valid != (found is not None) and text == text.strip():
            wrong.append(text)
    assert wrong == ["test@io"]
