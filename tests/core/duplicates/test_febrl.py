"""The default rule for contacts on the FEBRL data sets, whose truth is known; nothing of it was fitted to them.

A person becomes a contact with name, birthday and address. The social security number, which would settle most pairs
alone, is left out: contacts have no such field.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from contextlib import suppress
from datetime import date
from itertools import combinations
from typing import TYPE_CHECKING

import pytest

from crmkit import SYSTEM, Address, Contact
from crmkit.core.lifecycle.duplicates.identity import pairs

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit import CRM

FIGURES = {1: (500, 0.978, 1.0, 0.938), 2: (1934, 0.956, 0.997, 0.899), 3: (6538, 0.949, 1.0, 0.878)}
"""By data set: pairs that are the same; share of them that is compared at all; precision; recall. As documented."""


def persons(file: Path) -> tuple[list[str], list[dict[str, object]]]:
    """Return who the rows are, and their values."""
    names: list[str] = []
    rows: list[dict[str, object]] = []
    with file.open(encoding="utf-8", newline="") as lines:
        for given in csv.DictReader(lines, skipinitialspace=True):
            row = {key.strip(): (value or "").strip() or None for key, value in given.items()}
            names.append(str(row["rec_id"]).split("-")[1])
            street = " ".join(filter(None, (row["street_number"], row["address_1"], row["address_2"])))
            born, text = None, row["date_of_birth"] or ""
            with suppress(ValueError):  # some are no days
                born = date(int(text[:4] or 0), int(text[4:6] or 0), int(text[6:8] or 0))
            address = Address(street=street or None, postcode=row["postcode"], city=row["suburb"], region=row["state"])
            name = " ".join(filter(None, (row["given_name"], row["surname"]))) or "?"
            rows.append({"name": name, "birthday": born, "address": address})
    return names, rows


@pytest.mark.data
@pytest.mark.row("B6")
@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
@pytest.mark.parametrize("number", FIGURES)
def test_precision_and_recall(crm: CRM, data_folder: Path, record_property: object, number: int) -> None:
    """On every set, the rule finds the documented share of the true pairs, and next to nothing else."""
    names, rows = persons(data_folder / "febrl" / f"dataset{number}.csv")
    with crm.session(actor=SYSTEM) as session:
        records = [
            each
            for start in range(0, len(rows), 500)
            for each in session.create_many(Contact, rows[start : start + 500])
        ]
        ids: dict[str, list[int]] = defaultdict(list)
        for name, record in zip(names, records, strict=True):
            ids[name].append(record.id)
        true = {pair for some in ids.values() for pair in combinations(sorted(some), 2)}
        entity = session.model.entity(Contact)
        compared = {(one.id, two.id) for one, two in pairs(session, entity, session.model.duplicate_rules["contact"])}
        found = {(each.first.id, each.second.id) for each in session.identity.candidates(Contact)}
    right = len(found & true)
    figures = (len(true), len(compared & true) / len(true), right / len(found), right / len(true))
    assert callable(record_property)
    record_property(f"febrl{number}", figures)
    print(f"FEBRL {number}: {figures}, {len(compared)} compared")  # noqa: T201  (what it is run for)
    assert figures == pytest.approx(FIGURES[number], abs=0.0006)
