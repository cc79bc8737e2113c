"""What `[crm]` says about the database, the plugins and the conventions, checked and made absolute."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from attrs import evolve

from crmkit.core.assemble.edition.shape import CRMTable
from crmkit.core.assemble.edition.structuring import shown
from crmkit.core.declare.kinds.numbers import currency_digits
from crmkit.translation import _, joined

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crmkit.core.assemble.edition.structuring import Problems

URL = re.compile(r"[a-z][a-z0-9_]*(\+[a-z0-9_]+)?://")
SQLITE_FILE = re.compile(r"(?P<lead>sqlite(\+[a-z0-9_]+)?:///)(?P<path>[^?]+)(?P<query>\?.*)?\Z", re.DOTALL)
VARIABLE = "env:"
PREFIX = re.compile(r"([a-z][a-z0-9_]{0,19})?\Z")
SCHEMA = re.compile(r"[a-z_][a-z0-9_]{0,62}\Z")
REGION = re.compile(r"[A-Z]{2}\Z")


def read_crm(given: object, folder: Path, problems: Problems, database: str | None) -> CRMTable:
    """Return the table `[crm]` with paths made absolute; what can't be used is noted and left at its default.

    `database`, if it is given, takes the place of the table's.
    """
    table = each_key(given, problems)
    chosen = evolve(table, database=database) if database is not None else table
    return evolve(
        usable(chosen, problems),
        database=resolved(chosen.database, folder, problems),
        plugins=tuple(plugin_path(each, folder) for each in table.plugins),
    )


def each_key(given: object, problems: Problems) -> CRMTable:
    """Return the table, leaving out the keys that are wrong, so that one of them doesn't hide the others."""
    if not isinstance(given, dict):
        return problems.structured("crm", given, CRMTable) or CRMTable()
    table = CRMTable()
    for key, value in given.items():
        single = problems.structured("crm", {key: value}, CRMTable)
        table = table if single is None else evolve(table, **{key: getattr(single, key)})
    return table


def usable(table: CRMTable, problems: Problems) -> CRMTable:
    """Return the table with the defaults in the place of what can't be used."""
    wrong: dict[str, Any] = {}
    for name, (fits, hint) in CHECKS.items():
        value = getattr(table, name)
        if value is not None and not fits(value):
            problems.add(f"crm.{name}", joined([shown(value), hint]))
            wrong[name] = getattr(CRMTable(), name)
    return evolve(table, **wrong)


def resolved(database: str, folder: Path, problems: Problems) -> str:
    """Return the database's URL, read from the environment if it says so, a SQLite file's path made absolute."""
    if database.startswith(VARIABLE):
        name = database.removeprefix(VARIABLE)
        database = os.environ.get(name, "")
        if not database:
            problems.add(
                "crm.database",
                _("The environment variable {name!r} is not set. Set it to the database's URL.", name=name),
            )
            return CRMTable().database
    if not URL.match(database):
        hint = _("Write it like sqlite:///crm.db, postgresql://user@host/name or env:NAME.")
        problems.add(
            "crm.database", _("{shown} is not the URL of a database. {hint}", shown=shown(database), hint=hint)
        )
        return CRMTable().database
    found = SQLITE_FILE.match(database)
    if not found or found["path"] == ":memory:" or found["path"].startswith("file:"):
        return database
    return f"{found['lead']}{folder / found['path']}{found['query'] or ''}"


def plugin_path(wish: str, folder: Path) -> str:
    """Return a plugin's name as it is, and the path of a file relative to the edition's folder."""
    return str(folder / wish) if wish.endswith(".py") else wish


def is_time_zone(name: str) -> bool:
    """Return whether there is such a time zone (IANA)."""
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return False
    return True


def is_locale(name: str) -> bool:
    """Return whether Unicode's CLDR knows the locale."""
    from babel.core import Locale, UnknownLocaleError

    try:
        Locale.parse(name)
    except (UnknownLocaleError, ValueError):
        return False
    return True


CHECKS: dict[str, tuple[Callable[[str], object], str]] = {
    "currency": (currency_digits, _("is not a currency of ISO 4217. Write it like EUR.")),
    "time_zone": (is_time_zone, _("is not a time zone. Write it like Europe/Paris or UTC.")),
    "locale": (is_locale, _("is not a locale. Write it like en, fr_CA or zh_Hans_CN.")),
    "phone_region": (REGION.match, _("is not a country. Write it like FR (ISO 3166).")),
    "prefix": (PREFIX.match, _("can't begin the names of tables. Use up to 20 small letters, digits and underscores.")),
    "schema": (SCHEMA.match, _("can't be a schema. Use up to 63 small letters, digits and underscores.")),
}
