"""Imports: customers from a CSV file, decoded, mapped, normalised, checked, looked up by their numbers, written.

By hand, the file is read with the csv module, numbers are looked up and rows written in batches as large as crmkit's;
crmkit also keeps a row of bookkeeping for each row of the file, by which an import is resumed and reverted.
"""

from __future__ import annotations

import csv
import tempfile
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from attrs import define, field

from benchmarks.by_hand import ByCore, ByDriver
from benchmarks.databases import ACTOR
from benchmarks.races import CORE, CRMKIT, RAW, Bar, Race
from benchmarks.writing import customers, differences
from crmkit.core.exchange.importing import run_import

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.by_hand import ByHand
    from benchmarks.databases import Databases, Home
    from benchmarks.races import Way, Work

BATCH = 1_000
MOST_FOR_ROUNDS = 100_000
PARTS = 10
"""The first and the last part of an import are compared."""
PLAIN, VALIDATED = ("number", "name", "city", "industry"), ("number", "name", "city", "industry", "phone", "email")
MAPPING = """
[[files]]
file = "customers.csv"
entity = "customer"
mode = "upsert"
key = "number"

[files.columns]
"""


def imports(databases: Databases, pieces: int, size: int) -> Iterator[Race]:
    """Import customers, first without telephone numbers and addresses, then with them and their validation."""
    del pieces
    bar = Bar(text="≥ 20,000 rows/s on SQLite, without phones and e-mails", most=1 / 20_000)
    for columns, wanted in ((PLAIN, bar if databases.backend == "sqlite" else None), (VALIDATED, None)):
        homes = [databases.new() for _ in range(3)]
        core, raw = ByCore(homes[1]), ByDriver(homes[2])
        with tempfile.TemporaryDirectory() as folder:
            files = Files(folder=Path(folder), columns=columns, rows=size)
            pace = Pace()
            yield Race(
                line="import" if columns == PLAIN else "import with phone and e-mail",
                database=databases.backend,
                size=size,
                count=size,
                unit="rows",
                ways=ways(homes[0], core, raw, files, pace),
                bar=wanted,
                warm=size <= MOST_FOR_ROUNDS,
                most_rounds=1 if size > MOST_FOR_ROUNDS else 3,
                check=partial(differences, homes, "customer"),
                notes=pace.notes,
            )


def ways(home: Home, core: ByHand, raw: ByHand, files: Files, pace: Pace) -> dict[str, Way]:
    """Return the three ways to import a file."""
    return {
        CRMKIT: lambda number: by_crmkit(home, files.written(number), pace),
        CORE: lambda number: by_hand(core, files.written(number)),
        RAW: lambda number: by_hand(raw, files.written(number)),
    }


@define(kw_only=True, eq=False)
class Files:
    """The file of each round, with customers that were in none before."""

    folder: Path
    columns: tuple[str, ...]
    rows: int

    def written(self, number: int) -> Path:
        """Write the file of a round and its mapping, and return the folder."""
        place = self.folder / str(number)
        if not place.exists():
            place.mkdir()
            lines = "\n".join(f'{name} = "{name}"' for name in self.columns)
            (place / "mapping.toml").write_text(MAPPING + lines, encoding="utf-8")
            with (place / "customers.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, self.columns, extrasaction="ignore")
                writer.writeheader()
                for index, row in enumerate(customers(self.rows, number * self.rows)):
                    writer.writerow({"number": f"C{number * self.rows + index}", **row})
        return place


@define(eq=False)
class Pace:
    """How long each tenth of the latest import took."""

    shares: list[tuple[float, float]] = field(factory=list)

    def notes(self) -> list[str]:
        """Return how the last tenth compares with the first."""
        marks = [next((at for at, share in self.shares if share >= part / PARTS), None) for part in range(PARTS + 1)]
        first, second, before_last, last = marks[0], marks[1], marks[-2], marks[-1]
        if first is None or second is None or before_last is None or last is None or len(self.shares) <= PARTS:
            return []
        return [f"the last tenth took {(last - before_last) / (second - first):.2f} × as long as the first"]


def by_crmkit(home: Home, place: Path, pace: Pace) -> Work:
    """Import by crmkit."""

    def progress(_rows: int, share: float) -> None:
        pace.shares.append((perf_counter(), share))

    def work() -> None:
        pace.shares[:] = [(perf_counter(), 0.0)]
        run_import(home.crm, mapping=place / "mapping.toml", actor=ACTOR, resume=False, progress=progress)

    return work


def by_hand(hand: ByHand, place: Path) -> Work:
    """Import by hand."""

    def work() -> None:
        with (place / "customers.csv").open(encoding="utf-8-sig", newline="") as file:
            batch: list[dict[str, str]] = []
            for row in csv.DictReader(file):
                batch.append({name: value.strip() for name, value in row.items()})
                if len(batch) == BATCH:
                    write(hand, batch)
                    batch = []
            if batch:
                write(hand, batch)

    return work


def write(hand: ByHand, batch: list[dict[str, str]]) -> None:
    """Write those customers of a batch whose numbers are new."""
    with hand.transaction():
        known = hand.known_numbers([row["number"].casefold() for row in batch])
        fresh = [row for row in batch if row["number"].casefold() not in known]
        if fresh:
            hand.create_many(fresh)
