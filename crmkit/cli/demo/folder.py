"""The folder of the demonstration: made, refused if it is somebody's, made anew if it is ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.cli.chosen import FILE
from crmkit.cli.errors import FileExistsAlready, OutputError
from crmkit.cli.output import write_file
from crmkit.translation import _

if TYPE_CHECKING:
    from pathlib import Path

MARKER = ".crmkit-demo"
DATABASE = "crm.db"
OURS = (FILE, DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", MARKER)
PICTURES = (".html", ".png")


def prepare(folder: Path, *, force: bool) -> None:
    """Make an empty folder; with `force`, take away what an earlier demonstration made there, and nothing else.

    Raises:
        FileExistsAlready: if there is something that the demonstration didn't make, or `force` is missing.
        OutputError: if the system refuses.
    """
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            if not (folder / MARKER).is_file():
                raise FileExistsAlready(path=str(folder), advice=_("Name another folder; this one is not the demo's."))
            if not force:
                raise FileExistsAlready(path=str(folder), advice="Make it anew with --force, or name another folder.")
            for each in folder.iterdir():
                if each.name in OURS or (each.suffix in PICTURES and each.is_file()):
                    each.unlink()
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(path=str(folder), problem=error.strerror or str(error)) from error
    write_file(folder / MARKER, "Made by `crmkit demo`, which may make it anew.\n")
