"""The page that says which rows of the catalogue are shown to work, made from the tests that are marked with them.

Run as a script, it writes docs/reference/catalogue.md anew (`make catalogue`).
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "catalogue.md"
FOLDERS = ("tests", "plugins/*/tests")

ROWS = {
    "A4": "Contacts lead to their customers",
    "A14": "Status, type, level and times of every step",
    "A15": "Plugins change the stages of the main line",
    "A16": "Customers, contacts, opportunities, orders without plugins",
    "B1": "Basic data of customers and contacts",
    "B2": "A customer's profile in few queries",
    "B3": "Import of customers, with mapping and revert",
    "B4": "Versioned changes with their history",
    "B5": "Categories, tags and levels",
    "B6": "One person from several channels",
    "B7": "Timeline of what happened around a customer",
    "B8": "One primary contact; roles in opportunities",
    "B10": "Finding contacts by name, phone, e-mail, tag",
    "B11": "Contacts with customers, logged with all that belongs to them",
    "B12": "Units of a customer as a tree",
    "B13": "One customer per contact, or several",
    "B14": "A score of completeness that gates moves",
    "B15": "Validation on every way of writing",
    "B16": "Records are reviewed before others see them",
    "B17": "What is sent back says why, field by field",
    "B18": "Sharing by hierarchy, teams and explicit shares",
    "B20": "Birthdays across year end and leap days",
    "B25": "Follow-up plans by level, begun anew by contacts",
    "B26": "Touchpoints by channel and stage",
    "B27": "Agents see what is registered to their agency",
    "B31": "Watches on any figure, which tell once until they are armed again",
    "B32": "Little to enter, and a report on the quality of data",
    "C1": "A calendar with recurrence, time zones and iCalendar",
    "C2": "Conflicts of events, told or refused, recurrences included",
    "C3": "Kinds of activities with fields and rules of their own",
    "C4": "Memos, private unless said otherwise",
    "C5": "Teams and roles are invited, and who joins later",
    "C6": "Free or busy without titles, and the first common slot",
    "C7": "Those who take part are told of each change once",
    "C8": "Tasks with dependencies and recurrence, and lists of them",
    "C9": "Reminders that follow their records, once each",
    "C10": "A notebook, searched, linked and versioned",
    "C11": "Worklist with counts, items and kinds of plugins",
    "C12": "A manager's assignment that reports back",
    "D20": "One funnel, as snapshot and by cohort",
    "D5": "Distribution: in turn, by load and skill, grabbed, by hand",
    "E1": "What an opportunity holds",
    "E2": "Report on the stage of a deal",
    "E4": "Several pipelines, as data",
    "E5": "Probabilities that double with each stage",
    "E7": "Moves with rules, history and overdue list",
    "E8": "Sales board with sums by level",
    "E17": "Losses with reason and stage",
    "F7": "Approvals by flows that are data",
    "I9": "Reports as tables, charts and files",
    "I18": "Sales analysis by seller, product, source",
    "J3": "Levels of an organisation of any depth",
    "J5": "Sharing and transferring as rights of their own",
    "L1": "Events for other systems, at least once",
    "L7": "Ids of other systems",
    "M1": "Roles by entity, action and field, denied by default",
    "M2": "Audit of changes, permissions and sensitive reads",
    "M3": "Public pool",
    "M4": "Backup and restore, transfer",
    "M5": "Hand-over when somebody leaves",
    "M6": "Positions with duties, rights and stand-ins",
    "M7": "Plugins come and go without a fork",
    "M8": "Plugins are enabled one by one on a living database",
    "M10": "Users of several levels",
    "M11": "An auditor reads everything and changes nothing",
    "M13": "Delegation of authority with limits and dates",
    "M15": "Tenants",
    "M16": "Personal data: purpose, consent, export, erasure",
    "M17": "All plugins share one customer",
    "N25": "Modes, and help to choose",
    "N27": "Presets for stages of growth",
    "N28": "Service level and targets by segment or grade",
}
"""The rows of this release, each with what it asks for."""

NEXT = {
    "N26": "A mode brings only what it needs",
}
"""The rows of the next release: tests may be marked with them already, and its page will show them."""

HEAD = """\
# Catalogue

crmkit is built along a catalogue of what a CRM must do. A row of it works when tests that are marked with it say so.
The rows of this release, each with the rules that its tests show:

"""


@frozen(kw_only=True)
class Shown:
    """A rule that a test shows for some rows; `file` is relative to the root."""

    rows: tuple[str, ...]
    rule: str
    file: str


def shown_by_tests(root: Path = ROOT) -> list[Shown]:
    """Return the rules of all tests that are marked with a row, in the order of their files."""
    files = sorted(file for folder in FOLDERS for file in root.glob(f"{folder}/**/test_*.py"))
    return [rule for file in files for rule in shown_in(file.read_text("utf-8"), file.relative_to(root).as_posix())]


def shown_in(source: str, file: str) -> Iterator[Shown]:
    """Yield the rules of one file's marked tests; a mark on the module or on a class counts for all tests in it."""
    module = ast.parse(source)
    marks = [node.value for node in module.body if isinstance(node, ast.Assign) and is_pytestmark(node)]
    yield from shown_under(module.body, rows_of(marks), file)


def shown_under(body: Iterable[ast.stmt], rows: tuple[str, ...], file: str) -> Iterator[Shown]:
    """Yield the rules of the marked tests in a module or class."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from shown_under(node.body, (*rows, *rows_of(node.decorator_list)), file)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            own = tuple(dict.fromkeys((*rows, *rows_of(node.decorator_list))))
            rule = (ast.get_docstring(node) or node.name.replace("_", " ")).partition("\n\n")[0]
            if own:
                yield Shown(rows=own, rule=" ".join(rule.split()), file=file)


def is_pytestmark(node: ast.Assign) -> bool:
    """Return whether an assignment marks all tests of a module."""
    return any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets)


def rows_of(marks: Iterable[ast.expr]) -> tuple[str, ...]:
    """Return the rows that `pytest.mark.row(...)` names anywhere in these expressions."""
    calls = (node for mark in marks for node in ast.walk(mark) if isinstance(node, ast.Call))
    return tuple(
        argument.value
        for call in calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "row"
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    )


def page_of(shown: Iterable[Shown]) -> str:
    """Return the page."""
    rules: dict[str, list[Shown]] = {row: [] for row in ROWS}
    for each in shown:
        for row in (row for row in each.rows if row not in NEXT):
            rules.setdefault(row, []).append(each)
    return HEAD + "\n\n".join(section_of(row, found) for row, found in rules.items()) + "\n"


def section_of(row: str, shown: list[Shown]) -> str:
    """Return the part of the page that is about one row."""
    title = f"## {row}: {ROWS[row]}" if row in ROWS else f"## {row}"
    lines = dict.fromkeys(f"- {each.rule} ([{Path(each.file).name}](../../{each.file}))" for each in shown)
    return f"{title}\n\n" + ("\n".join(lines) or "Open: no test is marked with it yet.")


if __name__ == "__main__":
    PAGE.write_text(page_of(shown_by_tests()), encoding="utf-8")
