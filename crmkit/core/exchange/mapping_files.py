"""Mapping files: a mapping read from TOML and checked against the model."""

from __future__ import annotations

import hashlib
import json
import tomllib
from typing import TYPE_CHECKING

from crmkit.core.assemble.edition.structuring import Problems
from crmkit.core.exchange.compiling import FileReader
from crmkit.core.exchange.errors import MappingError
from crmkit.core.exchange.mapping import Mapping
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Mapping as Table
    from pathlib import Path

    from crmkit.core.assemble.model import Model


def read_mapping(path: Path, model: Model) -> Mapping:
    """Read a mapping from a TOML file.

    Raises:
        MappingError: with everything that is wrong with it.
    """
    try:
        table = tomllib.loads(path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n"))
    except OSError as error:
        raise MappingError(
            path=str(path), problems=(_("The file can't be read: {strerror}.", strerror=error.strerror),)
        ) from error
    except UnicodeDecodeError as error:
        raise MappingError(path=str(path), problems=(_("The file is not UTF-8. Save it as UTF-8."),)) from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise MappingError(path=str(path), problems=(_("The file is not TOML: {error}.", error=error),)) from error
    return mapping_of(table, model, path=str(path))


def mapping_of(table: Table[str, object], model: Model, *, path: str) -> Mapping:
    """Return the mapping that parsed TOML stands for; `path` is what messages call it.

    Raises:
        MappingError: with everything that is wrong with it.
    """
    problems = Problems()
    for name in table:
        if name != "files":
            problems.unknown(name, "section", name, ("files",))
    given = table.get("files", [])
    if not isinstance(given, list) or not given:
        problems.add("files", _("A mapping needs at least one [[files]]."))
        given = []
    files = [
        FileReader(f"files {position}", model, problems).read(each) for position, each in enumerate(given, start=1)
    ]
    if problems.found:
        raise MappingError(path=path, problems=tuple(problems.found))
    digest = hashlib.sha256(json.dumps(table, default=str).encode()).hexdigest()
    return Mapping(path=path, digest=digest, files=tuple(each for each in files if each is not None))
