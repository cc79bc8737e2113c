"""The edition: a `crmkit.toml`, read into values, and assembled as the plugin `edition`."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Self

from attrs import frozen

from crmkit.core.assemble.assemble import assemble
from crmkit.core.assemble.edition import meaning
from crmkit.core.assemble.edition.conventions import read_crm
from crmkit.core.assemble.edition.fields import Extended, extensions
from crmkit.core.assemble.edition.roles import role_of, rule_of
from crmkit.core.assemble.edition.shape import CRMTable, RoleTable, RuleTable
from crmkit.core.assemble.edition.stages import added_stages, changed_stages, declared_list, pipelines
from crmkit.core.assemble.edition.structuring import Problems, shown
from crmkit.core.assemble.plugins import Plugin
from crmkit.core.declare.conventions import Conventions
from crmkit.core.declare.hooks import hookimpl
from crmkit.core.declare.manifest import Manifest
from crmkit.errors import AssemblyError, EditionError
from crmkit.translation import _
from crmkit.translation.languages import Texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from crmkit.core.assemble.model import Model
    from crmkit.core.declare.access import Role
    from crmkit.core.declare.declarations import Rule
    from crmkit.core.declare.records import Extension
    from crmkit.core.declare.stages import AddStage, ChangeStage, Pipeline

NAME = "edition"
SECTIONS = ("crm", "settings", "labels", "fields", "choices", "stages", "change_stages", "pipelines", "roles", "rules")
PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)\Z")


@frozen(kw_only=True)
class Edition:
    """What a `crmkit.toml` says.

    Attributes:
        path: the file.
        crm: database, plugins and conventions, with paths made absolute.
        settings, labels, choices: as they stand in the file.
        problems: what is wrong with the file in itself; `extend` raises them, together with what doesn't fit the model.
    """

    path: Path
    crm: CRMTable
    settings: Mapping[str, object]
    labels: Mapping[str, str]
    choices: Mapping[str, Mapping[str, str]]
    extensions: tuple[Extension, ...]
    pipelines: tuple[tuple[str, Pipeline], ...]
    stages: tuple[tuple[str, AddStage], ...]
    changes: tuple[tuple[str, ChangeStage], ...]
    roles: tuple[tuple[str, Role], ...]
    rules: tuple[tuple[str, Rule], ...]
    problems: tuple[str, ...]

    @classmethod
    def read(cls, path: Path, *, database: str | None = None) -> Self:
        """Read a file; nothing in it is executed, and no plugin is imported.

        A `database`, if it is given, takes the place of the one that the file names.

        Raises:
            EditionError: if the file can't be read or is not TOML. Problems of its contents are kept in `problems`.
        """
        return cls.of(parsed(path), path, database=database)

    @classmethod
    def of(cls, given: Mapping[str, object], path: Path, *, database: str | None = None) -> Self:
        """Return the edition that parsed TOML stands for; `path` is where it is, or will be."""
        problems = Problems()
        for name in given:
            if name not in SECTIONS:
                problems.unknown(shown(name).strip("'"), "section", name, SECTIONS)
        crm = read_crm(given.get("crm", {}), path.resolve().parent, problems, database)
        conventions = conventions_of(crm)
        return cls(
            path=path,
            crm=crm,
            settings=tables(given.get("settings", {}), "settings", problems),
            labels=texts(given.get("labels", {}), "labels", problems),
            choices=meaning.choice_names(given.get("choices", {}), problems),
            extensions=tuple(extensions(given.get("fields", {}), problems, conventions)),
            pipelines=tuple(pipelines(given.get("pipelines", []), problems)),
            stages=tuple(added_stages(given.get("stages", []), problems)),
            changes=tuple(changed_stages(given.get("change_stages", []), problems)),
            roles=tuple(declared_list("roles", given.get("roles", []), RoleTable, role_of, problems)),
            rules=tuple(declared_list("rules", given.get("rules", []), RuleTable, rule_of, problems)),
            problems=tuple(problems.found),
        )

    def extend(self, model: Model) -> Model:
        """Return the model of the plugins with all that the edition says.

        Raises:
            EditionError: with everything that is wrong with the edition, in itself or for these plugins.
            AssemblyError: if the edition says something else than a plugin about the same thing.
        """
        problems = Problems()
        problems.found += self.problems
        meaning.check(self, model, problems)
        if problems.found:
            raise EditionError(path=str(self.path), problems=tuple(problems.found))
        try:
            return assemble([*model.plugins, self.plugin(model)], conventions=model.conventions, settings=self.settings)
        except EditionError:
            raise
        except AssemblyError as error:
            if getattr(error, "plugin", NAME) in {NAME, None}:
                raise EditionError(path=str(self.path), problems=(str(error),)) from error
            raise

    def plugin(self, model: Model) -> Plugin:
        """Return the plugin that says what the edition says; by `model`, labels of fields and stages are told apart."""
        declared = (
            *(Extended(each) for each in self.extensions),
            *meaning.added_choices(self),
            *(each for _, each in self.pipelines),
            *(each for _, each in self.stages),
            *(each for _, each in self.changes),
            *meaning.relabelled(self, model),
            *(each for _, each in self.roles),
            *(each for _, each in self.rules),
        )
        manifest = Manifest(name=NAME, label=self.crm.name, summary=f"What {self.path.name} says.")
        texts = Texts(self.path.parent / "locale", NAME)
        return Plugin(manifest=manifest, hooks=(Declared(declared),), source=str(self.path), texts=texts)


@frozen
class Declared:
    """The hooks of the plugin `edition`."""

    declarations: tuple[object, ...]

    @hookimpl
    def crmkit_declare(self) -> Iterator[object]:
        """Yield what the edition says."""
        yield from self.declarations


def parsed(path: Path) -> dict[str, object]:
    """Return the TOML of a file.

    Raises:
        EditionError: if it can't be read, naming line and column of what is wrong.
    """
    text, problem = "", ""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text.replace("\r\n", "\n"))
    except OSError as error:
        problem = _("The file can't be read: {strerror}.", strerror=error.strerror)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problem = _("line {line}: The file is not UTF-8. Save it as UTF-8.", line=line)
    except tomllib.TOMLDecodeError as error:
        problem = syntax_problem(str(error), text)
    except RecursionError:
        problem = _("The file is nested too deeply.")
    raise EditionError(path=str(path), problems=(problem,))


def syntax_problem(message: str, text: str) -> str:
    """Return the parser's message with line and column in front."""
    found = PLACE.search(message)
    words = PLACE.sub("", message)
    lines = text.split("\n")
    line = found["line"] if found and found["line"] else len(lines)
    column = found["column"] if found and found["column"] else len(lines[-1]) + 1
    return _("line {line}, column {column}: {words}.", line=line, column=column, words=words)


def conventions_of(crm: CRMTable) -> Conventions:
    """Return the conventions that the edition chooses."""
    return Conventions(currency=crm.currency, time_zone=crm.time_zone, locale=crm.locale, phone_region=crm.phone_region)


def tables(given: object, name: str, problems: Problems) -> dict[str, object]:
    """Return a section if it is a table."""
    if isinstance(given, dict):
        return given
    problems.add(name, _("It is not a table; write [{name}].", name=name))
    return {}


def texts(given: object, name: str, problems: Problems) -> dict[str, str]:
    """Return a section whose values are texts."""
    found = {}
    for key, value in tables(given, name, problems).items():
        if isinstance(value, str) and value.strip():
            found[key] = value
        else:
            problems.add(
                f"{name}.{key}", _("{shown} is not a text. Put the key in quotes if it has a dot.", shown=shown(value))
            )
    return found
