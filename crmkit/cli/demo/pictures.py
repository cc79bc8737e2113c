"""Pictures: reports written as pages and images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.cli.output import write_file
from crmkit.core.reading.reports.errors import ChartsUnavailableError, NoChartError

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit.core.reading.reports.table import Table


def write_pictures(table: Table, path: Path) -> list[str]:
    """Write a report as a page and as an image, and return what was written: nothing if charts can't be drawn here."""
    try:
        page, image = table.to_html(), table.to_png()
    except (ChartsUnavailableError, NoChartError):
        return []
    files: dict[Path, str | bytes] = {path.with_suffix(".html"): page, path.with_suffix(".png"): image}
    for file, content in files.items():
        write_file(file, content)
    return [str(file) for file in files]
