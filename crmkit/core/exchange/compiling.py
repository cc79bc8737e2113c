"""Compiling: one `[[files]]` of a mapping becomes values, and what doesn't fit the model becomes a problem."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from attrs import evolve, fields

from crmkit.core.declare.kinds.numbers import currency_digits
from crmkit.core.exchange import mapping
from crmkit.core.exchange.files import FORMATS, FileOptions
from crmkit.core.exchange.readings import Reading, date_format
from crmkit.core.exchange.shape import ColumnTable, FileTable
from crmkit.core.exchange.targets import OWN_KEYS, Target, comparable, target_of
from crmkit.core.exchange.templates import template_of
from crmkit.errors import InvalidValue
from crmkit.translation import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crmkit.core.assemble.edition.structuring import Problems
    from crmkit.core.assemble.model import EntityModel, Model

T = TypeVar("T")
SECTIONS = ("columns", "templates", "constant")
MISSING = ("error", "create", "empty")
LISTED = ("fields", "dates", "key", "ignore")


class FileReader:
    """Reads one `[[files]]`; every problem is noted with its place."""

    def __init__(self, place: str, model: Model, problems: Problems) -> None:
        self.place = place
        self.model = model
        self.problems = problems
        self.lookups: dict[str, mapping.Lookup] = {}

    def read(self, given: object) -> mapping.FileMapping | None:
        """Return the file's mapping, or None after noting what is wrong with it."""
        if not isinstance(given, dict):
            self.problems.add(self.place, _("It is not a table; write [[files]]."))
            return None
        plain = {name: as_list(name, each) for name, each in given.items() if name not in SECTIONS}
        if isinstance(plain.get("sheet"), int):
            plain["sheet"] = str(plain["sheet"])
        table = self.problems.structured(self.place, plain, FileTable)
        if table is None:
            return None
        if table.entity not in self.model.entities:
            self.problems.unknown(f"{self.place}.entity", "entity", table.entity, self.model.entities)
            return None
        entity = self.model.entities[table.entity]
        columns = [each for section in SECTIONS for each in self.section(section, given.get(section, {}), entity)]
        self.check(table, entity, columns)
        return self.made(table, columns)

    def made(self, table: FileTable, columns: list[mapping.ColumnMapping]) -> mapping.FileMapping | None:
        """Return the mapping if its options fit together."""
        sheet = int(table.sheet) if table.sheet and table.sheet.isdigit() else table.sheet
        try:
            options = FileOptions(
                format=table.format,
                encoding=table.encoding,
                delimiter=table.delimiter,
                sheet=sheet,
                header=table.header,
                columns_by_number=table.columns_by_number,
            )
        except ValueError:
            self.problems.add(f"{self.place}.delimiter", _("A delimiter is one character."))
            return None
        return mapping.FileMapping(
            file=table.file,
            options=options,
            entity=table.entity,
            mode=table.mode,
            key=table.key,
            duplicates="skip" if table.distinct else table.duplicates,
            distinct=table.distinct,
            unmapped=table.unmapped,
            ignore=table.ignore,
            empty=table.empty,
            columns=tuple(columns),
            lookups=tuple(self.lookups.values()),
        )

    def check(self, table: FileTable, entity: EntityModel, columns: list[mapping.ColumnMapping]) -> None:
        """Note options that are not among those there are, and keys that no column fills."""
        options = {
            "mode": (table.mode, mapping.MODES),
            "duplicates": (table.duplicates, mapping.POLICIES),
            "unmapped": (table.unmapped, ("error", "ignore")),
            "empty": (table.empty, ("keep", "clear")),
            "format": (table.format or "csv", FORMATS),
        }
        for name, (value, known) in options.items():
            if value not in known:
                self.problems.unknown(f"{self.place}.{name}", _("choice of {name}", name=name), value, known)
        if table.file.startswith(("/", "\\")) or ".." in table.file or not table.file.strip():
            self.problems.add(f"{self.place}.file", _("It must name a file inside the folder that is imported."))
        if not table.key and (table.mode != "create" or table.distinct):
            self.problems.add(f"{self.place}.key", _("Say by which field or fields a row is found again."))
        filled = {target.field for each in columns for target in each.targets if target.part is None}
        for name in table.key:
            self.check_key(name, entity, filled)
        for name in sorted(set(OWN_KEYS) & filled - set(table.key) - {"id"}):
            self.problems.add(self.place, _("{name} can't be set; it can only be part of the key.", name=name))
        if not columns:
            self.problems.add(f"{self.place}.columns", _("No column is mapped."))

    def check_key(self, name: str, entity: EntityModel, filled: set[str]) -> None:
        """Note a part of the key that no column fills, or that can't be compared."""
        try:
            comparable(entity, name)
        except InvalidValue as error:
            self.problems.add(f"{self.place}.key", str(error))
            return
        if name not in filled:
            self.problems.add(f"{self.place}.key", _("No column is mapped to {name!r}.", name=name))

    def section(self, section: str, given: object, entity: EntityModel) -> Iterator[mapping.ColumnMapping]:
        """Yield the columns of a section."""
        if not isinstance(given, dict):
            self.problems.add(
                f"{self.place}.{section}", _("It is not a table; write [files.{section}].", section=section)
            )
            return
        for name, each in given.items():
            for one in each if isinstance(each, list) and section != "constant" else [each]:
                made = self.column(section, name, one, entity)
                if made is not None:
                    yield made

    def column(self, section: str, name: str, given: object, entity: EntityModel) -> mapping.ColumnMapping | None:
        """Return what a column, template or constant becomes, or None after noting what is wrong."""
        place = f"{self.place}.{section}.{name}"
        if section == "constant":
            targets = self.targets(place, ColumnTable(field=name), entity)
            return mapping.ColumnMapping(name=name, targets=targets, reading=Reading(), constant=constant(given))
        plain = {("text" if section == "templates" else "field"): given} if isinstance(given, str) else given
        listed = {key: as_list(key, each) for key, each in plain.items()} if isinstance(plain, dict) else plain
        table = self.problems.structured(place, listed, ColumnTable)
        if table is None:
            return None
        if section == "templates":
            table = evolve(table, field=table.field or name)
        reading = self.reading(place, table)
        targets = self.targets(place, table, entity)
        template = self.tried(f"{place}.text", lambda: template_of(table.text)) if section == "templates" else None
        return mapping.ColumnMapping(name=name, targets=targets, reading=reading, template=template)

    def targets(self, place: str, table: ColumnTable, entity: EntityModel) -> tuple[Target, ...]:
        """Return where a column goes."""
        if bool(table.field) == bool(table.fields):
            self.problems.add(place, _("Say the field that the column goes to, or fields and split."))
            return ()
        if table.fields and not table.split:
            self.problems.add(f"{place}.split", _("Say what separates the pieces that go to several fields."))
        found = [self.target(place, table, path, entity) for path in (table.fields or (table.field,))]
        return tuple(each for each in found if each is not None)

    def target(self, place: str, table: ColumnTable, path: str, entity: EntityModel) -> Target | None:
        """Return the target of a path, and note the look-up that it is a part of."""
        whole = f"{path}.{table.lookup}" if table.lookup else path
        found = self.tried(place, lambda: target_of(self.model, entity, whole))
        if found is None:
            return None
        if found.by is None:
            if table.missing or table.create:
                self.problems.add(place, _("Only a reference that is looked up can be missing."))
            return found
        self.look_up(place, table, found, str(entity.fields[found.field].target))
        return found

    def look_up(self, place: str, table: ColumnTable, target: Target, entity: str) -> None:
        """Add a field to the look-up of a reference."""
        if table.missing and table.missing not in MISSING:
            self.problems.unknown(f"{place}.missing", _("choice of missing"), table.missing, MISSING)
        before = self.lookups.get(target.field)
        made = before or mapping.Lookup(field=target.field, entity=entity, by=())
        by = (*made.by, str(target.by)) if target.by not in made.by else made.by
        missing = table.missing or made.missing
        if before and table.missing and before.missing not in {"error", table.missing}:
            self.problems.add(
                f"{place}.missing",
                _("Another column of {field!r} says {missing!r}.", field=target.field, missing=before.missing),
            )
        for name in table.create:
            if name not in self.model.entities[entity].writable:
                writable = self.model.entities[entity].writable
                self.problems.unknown(f"{place}.create", _("field of {entity}", entity=entity), name, writable)
        self.lookups[target.field] = evolve(made, by=by, missing=missing, create={**made.create, **table.create})

    def reading(self, place: str, table: ColumnTable) -> Reading:
        """Return how a column's texts are read."""
        dates = [self.tried(f"{place}.dates", lambda each=each: date_format(each)) for each in table.dates]  # type: ignore[misc]
        if table.currency and currency_digits(table.currency) is None:
            self.problems.add(
                f"{place}.currency", _("{currency!r} is not a currency of ISO 4217.", currency=table.currency)
            )
        given = {each.name: getattr(table, each.name) for each in fields(Reading) if each.name != "dates"}
        return Reading(**given, dates=tuple(each for each in dates if each is not None))

    def tried(self, place: str, action: Callable[[], T]) -> T | None:
        """Return what an action gives, or None after noting why it can't."""
        try:
            return action()
        except InvalidValue as error:
            self.problems.add(place, str(error))
            return None


def as_list(name: str, given: object) -> object:
    """Return a single text as a list where a list of texts is meant."""
    return [given] if name in LISTED and isinstance(given, str) else given


def constant(given: object) -> str:
    """Return a constant as text."""
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, (list, tuple)):
        return ", ".join(constant(each) for each in given)
    return str(given)
