"""What the tests of imports and exports share: writing small files and mappings."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from attrs import define

from crmkit.core.exchange.importing import run_import

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit.app import CRM
    from crmkit.core.exchange.results import ImportResult


@define
class Importer:
    """Writes files and a mapping into a folder and imports them as the administrator."""

    crm: CRM
    folder: Path

    def file(self, name: str, text: str) -> Path:
        """Write a file."""
        path = self.folder / name
        path.write_text(dedent(text).lstrip("\n"), encoding="utf-8", newline="")
        return path

    def mapping(self, text: str) -> Path:
        """Write the mapping."""
        return self.file("mapping.toml", text)

    def run(self, **options: object) -> ImportResult:
        """Import."""
        given = {"mapping": self.folder / "mapping.toml", "actor": "admin", **options}
        return run_import(self.crm, **given)  # type: ignore[arg-type]


@pytest.fixture
def importer(crm: CRM, tmp_path: Path) -> Importer:
    """Imports small files into a CRM with no plugin beyond the core."""
    folder = tmp_path / "files"
    folder.mkdir()
    return Importer(crm, folder)
