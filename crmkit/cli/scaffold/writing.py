"""Writing the files of a new plugin, with a catalogue of its texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.version import Version

from crmkit.cli.errors import FileExistsAlready
from crmkit.cli.output import write_file
from crmkit.cli.scaffold.files import FILES, TRANSLATED, filled
from crmkit.core.declare.names import as_label, check_name
from crmkit.translation import _
from crmkit.translation.catalogues import update_catalogue
from crmkit.translation.extraction import Sentence, sentences_in
from crmkit.version import VERSION

if TYPE_CHECKING:
    from pathlib import Path

LANGUAGE = "zh_CN"


def scaffold(name: str, folder: Path) -> list[Path]:
    """Write a new distribution into a folder that is not there yet, and return its files.

    Raises:
        DeclarationError: if the name can't be a plugin's.
        FileExistsAlready: if the folder is there.
        OutputError: if a file can't be written.
    """
    check_name(name, "plugin")
    if folder.exists():
        raise FileExistsAlready(path=str(folder), advice=_("Choose another folder with --folder."))
    values = values_of(name)
    written = []
    for path, text in FILES.items():
        target = folder / filled(path, values)
        target.parent.mkdir(parents=True, exist_ok=True)
        write_file(target, filled(text, values))
        written.append(target)
    return [*written, write_catalogue(folder / values["package"], values)]


def values_of(name: str) -> dict[str, str]:
    """Return what is filled into the files."""
    major, minor = Version(VERSION).release[:2]
    return {
        "name": name,
        "title": str(as_label(name)),
        "package": f"crmkit_{name}",
        "distribution": f"crmkit-{name.replace('_', '-')}",
        "version": f"{major}.{minor}",
        "next_version": f"{major}.{minor + 1}",
    }


def write_catalogue(package: Path, values: dict[str, str]) -> Path:
    """Write the Chinese catalogue: what is known is translated, the rest is the author's."""
    title = values["title"]
    declared = {
        "Visit every (months)",
        title,
        f"{title}: how often a customer is to be visited.",
    }
    sentences = sentences_in(package) | {Sentence(each) for each in declared}
    path = package / "locale" / LANGUAGE / "LC_MESSAGES" / f"{package.name}.po"
    known = {**TRANSLATED, title: title, f"{title}: how often a customer is to be visited.": f"{title}：客户拜访间隔。"}
    update_catalogue(path, LANGUAGE, sentences, known)
    return path
