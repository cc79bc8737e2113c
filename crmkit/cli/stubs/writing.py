"""Writing the two files, and nothing that isn't theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crmkit.cli.errors import FileExistsAlready
from crmkit.cli.output import write_file
from crmkit.cli.stubs.module import FIRST, module_of, stub_of
from crmkit.translation import _

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit.core.assemble.model import Model


def outdated(model: Model, path: Path) -> dict[Path, str]:
    """Return the files that aren't as they should be, with what they should hold.

    Raises:
        UsageError: if the file's name can't be a module's.
        FileExistsAlready: if somebody else wrote one of them.
    """
    if path.suffix != ".py" or not path.stem.isidentifier():
        raise click.BadParameter(_("{name!r} can't be imported; call it like crm_types.py.", name=path.name))
    wanted = {path: module_of(model), path.with_suffix(".pyi"): stub_of(model)}
    found = {each: each.read_text("utf-8", errors="replace") if each.exists() else "" for each in wanted}
    for each, text in found.items():
        if text and not text.startswith(FIRST.partition("\n")[0]):
            raise FileExistsAlready(path=str(each), advice=_("It isn't one of this command's; name another."))
    return {each: text for each, text in wanted.items() if text != found[each]}


def write(files: dict[Path, str]) -> None:
    """Write files.

    Raises:
        OutputError: if the system refuses.
    """
    for each, text in files.items():
        write_file(each, text)
