"""Results: what became of an import, file by file and row by row."""

from __future__ import annotations

from attrs import asdict, define, field, frozen

from crmkit.translation import _, about, joined

OUTCOMES = {
    "created": _("created"),
    "updated": _("updated"),
    "unchanged": _("unchanged"),
    "skipped": _("skipped"),
    "failed": _("failed"),
}
"""What may become of a row, as people read it."""
SHOWN_PROBLEMS = 20


@frozen(kw_only=True)
class RowProblem:
    """What is wrong with a row, and how to put it right.

    Attributes:
        row: the line of a text file, or the row of a sheet, counted from 1.
        column: the name of the column; None if it is about the row as a whole.
        value: what stands there, cut off after 200 characters.
        message: why it was refused and what would fit.
    """

    file: str
    row: int
    column: str | None
    value: str | None
    message: str

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """Where it is and what is wrong, as a text."""
        if self.column is None:
            return _("{file}, row {row}: {text}", file=self.file, row=self.row, text=self.message)
        return _(
            "{file}, row {row}, column {column!r}: {text}",
            file=self.file,
            row=self.row,
            column=self.column,
            text=self.message,
        )


@frozen(kw_only=True)
class RowSuspicion:
    """A row that was imported although its record looks like another one.

    Attributes:
        row: the line of a text file, or the row of a sheet, counted from 1.
        record: what the row became, such as `contact:5`.
        other: what it looks like; None if that is a record which the importing user may not see.
        other_file, other_row: the row of this import that the other one came from, if it did.
        score: how likely both are the same, 0 to 1; 0 if the other one is not to be seen.
        fields: the fields that are alike, the strongest reason first.
        rule: the name of the duplicate rule.
    """

    file: str
    row: int
    record: str
    other: str | None
    other_file: str | None = None
    other_row: int | None = None
    score: float
    fields: tuple[str, ...]
    rule: str

    def __str__(self) -> str:
        return self.text

    @property
    def text(self) -> str:
        """Which row looks like what, and why, as a text."""
        if self.other is None:
            return _("{file}, row {row}: looks like a record that you may not see.", file=self.file, row=self.row)
        place = (
            self.other if self.other_row is None else _("{file}, row {row}", file=self.other_file, row=self.other_row)
        )
        return _(
            "{file}, row {row}: looks like {place} ({score}; alike in {names}).",
            file=self.file,
            row=self.row,
            place=place,
            score=f"{self.score:.1%}",
            names=", ".join(self.fields),
        )


@frozen(kw_only=True)
class FileResult:
    """How many rows of a file became what. `errors` is the file with those that failed, if one was asked for."""

    file: str
    entity: str
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0
    errors: str | None = None

    @property
    def rows(self) -> int:
        """All rows."""
        return self.created + self.updated + self.unchanged + self.skipped + self.failed


@frozen(kw_only=True)
class ImportResult:
    """What became of an import.

    Attributes:
        id: the number by which it can be continued and reverted; None for a dry run, which leaves nothing.
        problems: the first thousand problems; the error files have all rows that failed.
        suspicions: the first thousand rows that look like another record, and were imported nonetheless.
        resumed: whether an interrupted import was continued; the figures are those of the whole.
    """

    id: int | None
    files: tuple[FileResult, ...]
    problems: tuple[RowProblem, ...]
    suspicions: tuple[RowSuspicion, ...] = ()
    dry_run: bool = False
    resumed: bool = False

    @property
    def created(self) -> int:
        """Rows that made a record."""
        return sum(each.created for each in self.files)

    @property
    def updated(self) -> int:
        """Rows that changed a record."""
        return sum(each.updated for each in self.files)

    @property
    def unchanged(self) -> int:
        """Rows that say what their records say already."""
        return sum(each.unchanged for each in self.files)

    @property
    def skipped(self) -> int:
        """Rows that were passed over as the mapping wants it."""
        return sum(each.skipped for each in self.files)

    @property
    def failed(self) -> int:
        """Rows that were refused."""
        return sum(each.failed for each in self.files)

    @property
    def changed_nothing(self) -> bool:
        """Whether the database is as it was."""
        return not self.created and not self.updated

    @property
    def message(self) -> str:
        """What happened, file by file, and the first problems."""
        lines = [self._headline()]
        for each in self.files:
            counts = [
                _("{count} {outcome}", count=getattr(each, outcome), outcome=OUTCOMES[outcome])
                for outcome in OUTCOMES
                if getattr(each, outcome)
            ]
            told = joined(counts, ", ") if counts else _("no rows")
            lines.append(joined(["", about(f"{each.file} ({each.entity})", told)], "  "))
        lines += [str(each) for each in self.problems[:SHOWN_PROBLEMS]]
        if self.failed > SHOWN_PROBLEMS:
            lines.append(
                _(
                    "{failed} rows failed in all. Have them written to a folder to see and correct them.",
                    failed=self.failed,
                )
            )
        lines += [str(each) for each in self.suspicions[:SHOWN_PROBLEMS]]
        if len(self.suspicions) > SHOWN_PROBLEMS:
            lines.append(_("More rows look like other records. `crmkit duplicates list` lists them."))
        lines += [
            _("Failed rows: {path}", path=path)
            for path in dict.fromkeys(each.errors for each in self.files if each.errors)
        ]
        return joined(lines, "\n")

    def _headline(self) -> str:
        if self.dry_run:
            return _("Dry run; nothing was kept. The import would do this:")
        if self.changed_nothing:
            return _("Import {id} changed nothing.", id=self.id)
        return (
            _("Import {id} was continued and is done.", id=self.id)
            if self.resumed
            else _("Import {id} is done.", id=self.id)
        )

    def as_json(self) -> dict[str, object]:
        """Return the result as JSON."""
        return {
            "id": self.id,
            "dry_run": self.dry_run,
            "resumed": self.resumed,
            **{outcome: getattr(self, outcome) for outcome in OUTCOMES},
            "files": [asdict(each) for each in self.files],
            "problems": [asdict(each) for each in self.problems],
            "suspicions": [asdict(each) for each in self.suspicions],
        }


@define(eq=False, kw_only=True)
class RowOutcome:
    """What became of one row, on its way into the bookkeeping.

    Attributes:
        part: 0 for the row's own record, 1 and up for records that were created because the row refers to them.
        key: the id that the record has in the file.
        problems: column, value and message of everything that is wrong with it.
        suspicions: what its record looks like, as it is kept.
    """

    row: int
    outcome: str
    entity: str
    record: int | None = None
    version: int | None = None
    part: int = 0
    key: str | None = None
    problems: list[tuple[str | None, str | None, str]] = field(factory=list)
    suspicions: list[dict[str, object]] = field(factory=list)
