"""Scanning: what is no filter is refused here, before Python's own parser sees it.

The parser is then only given short, flat texts of known words, in which no warning, no deep recursion and no number of
a million digits can hide.
"""

from __future__ import annotations

import re
from typing import NoReturn

from attrs import define, field

from crmkit.errors import FilterError
from crmkit.translation import _

LONGEST = 10_000
DEEPEST = 40
LONGEST_NUMBER = 60
TOKEN = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<text>'(?:[^'\\\n]|\\.)*' | "(?:[^"\\\n]|\\.)*")
    | (?P<number>(?:\d[\d_]*(?:\.[\d_]*)? | \.\d[\d_]*)(?:[eE][+-]?\d+)?)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<sign>==|!=|<=|>=|[<>()\[\],.+*-])
    """,
    re.VERBOSE | re.ASCII,
)
WIDE_SPACE = re.compile(r"\s+")
ESCAPE = re.compile(r"\\(?:[\\'\"nrt]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U000[0-9a-fA-F]{5}|(?P<wrong>.|$))")
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
OPENING, CLOSING = "([", ")]"
HINTS = {
    "=": "Write == to compare.",
    "!": _("Write != or `not`."),
    "&": _("Write `and`."),
    "|": _("Write `or`."),
    "'": _("This text has no end; close it with '."),
    '"': _('This text has no end; close it with ".'),
    "“": _("Put texts between straight quotes."),
    "”": _("Put texts between straight quotes."),
    "‘": _("Put texts between straight quotes."),
    "’": _("Put texts between straight quotes."),
    "#": _("A filter has no comments."),
}


def checked(expression: str) -> str:
    """Return the expression on one line, every character in its place, if it is built of a filter's words.

    Raises:
        FilterError: pointing at the first character that can't be.
    """
    if not isinstance(expression, str):
        raise FilterError(expression=str(expression)[:LONGEST], position=0, problem=_("A filter is a text."))
    if len(expression) > LONGEST:
        problem = _(
            "The filter has {count} characters; at most {longest} are read. Pass long lists as given.",
            count=len(expression),
            longest=LONGEST,
        )
        raise FilterError(expression=expression[:LONGEST], position=LONGEST, problem=problem)
    scanner = _Scanner(expression)
    while scanner.position < len(expression):
        scanner.step()
    return "".join(scanner.line)


@define
class _Scanner:
    expression: str
    position: int = 0
    line: list[str] = field(factory=list)
    depth: int = 0
    run: int = 0
    runs: list[int] = field(factory=list)
    previous: str = ""

    def step(self) -> None:
        wide = WIDE_SPACE.match(self.expression, self.position)
        if wide:
            self.line.append(" " * len(wide.group()))
            self.position = wide.end()
            return
        found = TOKEN.match(self.expression, self.position)
        if found is None:
            sign = self.expression[self.position]
            self.fail(HINTS.get(sign, _("{sign!r} can't stand in a filter outside quotes.", sign=sign)))
        sort, word = str(found.lastgroup), found.group()
        if sort == "text":
            self.check_text(word)
        elif sort == "number":
            self.check_number(word)
        self.measure(sort, word)
        self.line.append(word)
        self.position = found.end()
        self.previous = sort

    def check_text(self, word: str) -> None:
        if self.previous == "text":
            self.fail(_("Two texts stand side by side; a comma or an operator is missing."))
        if self.line and self.previous == "name" and self.line[-1] == self.line[-1].strip():
            self.fail(_("A text can't follow a name directly; texts have no prefix."))
        if forbidden := FORBIDDEN.search(word):
            self.position += forbidden.start()
            self.fail(_("The character U+{ord} is not allowed in a text.", ord=f"{ord(forbidden.group()):04X}"))
        for found in ESCAPE.finditer(word):
            if found["wrong"] is not None:
                self.position += found.start()
                self.fail(_("This escape is not known; write \\\\ for a backslash."))

    def check_number(self, word: str) -> None:
        if len(word) > LONGEST_NUMBER:
            self.fail(_("A number of {count} characters is too long.", count=len(word)))
        behind = self.expression[self.position + len(word) : self.position + len(word) + 1]
        if behind and (behind.isalnum() or behind in "_."):
            self.fail(_("This is not a number; put texts, dates and amounts with a currency between quotes."))

    def measure(self, sort: str, word: str) -> None:
        """Count how deep brackets and signs nest, as every level costs the parser stack."""
        if word in OPENING:
            self.runs.append(self.run + 1)
            self.depth, self.run = self.depth + self.run + 1, 0
        elif word in CLOSING:
            self.depth, self.run = self.depth - (self.runs.pop() if self.runs else 0), 0
        elif word in {"not", "-", "+"}:
            self.run += 1
        elif sort != "space":
            self.run = 0
        if self.depth + self.run > DEEPEST:
            self.fail(_("The filter is nested more than {deepest} levels deep.", deepest=DEEPEST))

    def fail(self, problem: str) -> NoReturn:
        raise FilterError(expression=self.expression, position=self.position, problem=problem)
