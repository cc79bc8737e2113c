"""The root of all errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.translation import Text, _

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crmkit.translation import Translate


class CRMKitError(Exception):
    """Root of all errors that crmkit raises on purpose."""

    @property
    def message(self) -> str:
        """The whole message, as one or more sentences."""
        given = self.args[0] if self.args else type(self).__name__
        return given if isinstance(given, str) else str(given)

    def translated(self, language: Translate) -> str:
        """Return the message in a language, such as `crm.model.languages.of("zh_CN")`."""
        message = self.message
        return message.translated(language) if isinstance(message, Text) else message

    def __str__(self) -> str:
        return self.message  # a text stays one, so that `str(error)` can still be translated


def listed(names: Iterable[str]) -> str:
    """Join names for a sentence, in a stable order."""
    return ", ".join(sorted(names)) or _("none")
