"""Source: the text of a filter and its syntax tree, and where in the text each node stands."""

from __future__ import annotations

import ast

from attrs import frozen

from crmkit.core.reading.filters.scan import checked
from crmkit.errors import FilterError
from crmkit.translation import _

DEEPEST_TREE = 100


@frozen
class Source:
    """A filter's text.

    Attributes:
        expression: the text as it was given; positions count its characters.
        line: the part of it that was parsed, on one line, as UTF-8 (Python counts its columns in bytes).
        offset: how many characters stand before that part.
    """

    expression: str
    line: bytes
    offset: int

    def position(self, node: ast.expr) -> int:
        """Return where a node begins."""
        return self.character(node.col_offset)

    def last_name(self, node: ast.Attribute) -> int:
        """Return where the name behind a node's last dot begins."""
        return self.character(node.end_col_offset or 0) - len(node.attr)

    def character(self, column: int) -> int:
        """Return the position of the character at a column of bytes."""
        return self.offset + len(self.line[:column].decode(errors="replace"))

    def text(self, node: ast.expr) -> str:
        """Return a node as it was written."""
        return self.line[node.col_offset : node.end_col_offset].decode()

    def error(self, node: ast.expr, problem: str) -> FilterError:
        """Return the error that points at a node."""
        return self.error_at(self.position(node), problem)

    def error_at(self, position: int, problem: str) -> FilterError:
        """Return the error that points at a position."""
        return FilterError(expression=self.expression, position=position, problem=problem)


def syntax_tree(expression: str) -> tuple[Source, ast.expr]:
    """Return the syntax tree of an expression; nothing of it is ever run.

    Raises:
        FilterError: if it is no expression, too long or nested too deeply.
    """
    line = checked(expression)
    stripped = line.strip()
    if not stripped:
        raise FilterError(expression=expression, position=0, problem=_("The filter is empty."))
    source = Source(expression, stripped.encode(), len(line) - len(line.lstrip()))
    try:
        tree = ast.parse(stripped, mode="eval").body
    except SyntaxError as error:
        column = min(max((error.offset or 1) - 1, 0), len(stripped))
        raise source.error_at(source.offset + column, _("This is not a filter expression.")) from None
    except (ValueError, MemoryError, RecursionError):
        problem = _("This is not a filter expression, or it is nested too deeply.")
        raise source.error_at(source.offset, problem) from None
    check_depth(source, tree)
    return source, tree


def check_depth(source: Source, tree: ast.expr) -> None:
    """Refuse a tree so deep that walking it could exhaust the stack."""
    waiting: list[tuple[ast.AST, int]] = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > DEEPEST_TREE and isinstance(node, ast.expr):
            raise source.error(node, _("The filter is nested too deeply."))
        waiting += [(child, depth + 1) for child in ast.iter_child_nodes(node)]
