"""The lines of the benchmark, in the order in which they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import frozen

from benchmarks import hooks, importing, memory, reading, starting, tree, writing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.databases import Databases
    from benchmarks.races import Race

Each = Literal["run", "database", "size"]


@frozen
class Line:
    """One line: its name, how often it runs, and the function that prepares its races.

    The function gets the databases to work in, the number of pieces of a round, and the size.

    Attributes:
        each: once a `run`, once for each `database`, or once for each `size` on each database.
    """

    name: str
    each: Each
    races: Callable[[Databases, int, int], Iterator[Race]]


LINES = (
    Line("import_crmkit", "run", starting.imports),
    Line("help", "run", starting.help_page),
    Line("ready", "run", starting.ready),
    Line("assemble", "run", starting.assemble),
    Line("upgrade", "run", starting.upgrade),
    Line("hooks", "run", hooks.dispatch),
    Line("create", "database", writing.create),
    Line("update", "database", writing.update),
    Line("move", "database", writing.move),
    Line("bulk", "size", writing.bulk),
    Line("import", "size", importing.imports),
    Line("list", "size", reading.list_page),
    Line("tree", "size", tree.list_pages),
    Line("get", "size", reading.get),
    Line("aggregate", "size", reading.aggregate),
    Line("report", "size", reading.report),
    Line("memory", "size", memory.records),
)
