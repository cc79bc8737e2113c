"""The root of all errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class CRMKitError(Exception):
    """Root of all errors that crmkit raises on purpose."""

    @property
    def message(self) -> str:
        """The whole message, as one or more sentences."""
        return str(self.args[0]) if self.args else type(self).__name__

    def __str__(self) -> str:
        return self.message


def listed(names: Iterable[str]) -> str:
    """Join names for a sentence, in a stable order."""
    return ", ".join(sorted(names)) or "none"
