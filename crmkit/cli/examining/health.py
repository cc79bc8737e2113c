"""Health: what the doctor's checks found, each with one sentence that says what to do."""

from __future__ import annotations

from typing import Literal

from attrs import define, field, frozen

from crmkit.cli.failing import REFUSED

State = Literal["ok", "warning", "problem"]


@frozen(kw_only=True)
class Check:
    """What one check found: `ok`, a `warning` or a `problem`, and what to do."""

    name: str
    state: State
    text: str
    advice: str = ""


@define(kw_only=True)
class Health:
    """What all checks found; `exit_code` is that of the first problem."""

    checks: list[Check] = field(factory=list)
    counts: dict[str, int] = field(factory=dict)
    exit_code: int = 0

    def ok(self, name: str, text: str) -> None:
        """Note that something is well."""
        self.checks.append(Check(name=name, state="ok", text=text))

    def warn(self, name: str, text: str, advice: str) -> None:
        """Note something that will hurt."""
        self.checks.append(Check(name=name, state="warning", text=text, advice=advice))

    def problem(self, name: str, text: str, advice: str, *, code: int = REFUSED) -> None:
        """Note something that must be repaired."""
        self.checks.append(Check(name=name, state="problem", text=text, advice=advice))
        self.exit_code = self.exit_code or code
