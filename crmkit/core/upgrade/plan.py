"""The plan: what an upgrade, a disabling or a purge would do to the database, before anything is done."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from attrs import field, frozen

if TYPE_CHECKING:
    from crmkit.core.upgrade.steps import Step


@frozen(kw_only=True)
class Plan:
    """What is to be done, in order.

    Attributes:
        steps: the steps; none if the database is as the plugins need it.
        problems: what stands against it; a plan with problems can't be applied.
        purged: the plugins whose data is to be deleted for good.
    """

    steps: tuple[Step, ...]
    problems: tuple[str, ...] = ()
    purged: tuple[str, ...] = ()
    state: str = field(default="", repr=False)

    @property
    def losses(self) -> tuple[str, ...]:
        """What would be lost for good."""
        return tuple(each.text for each in self.steps if each.is_destructive)

    @property
    def is_destructive(self) -> bool:
        """Whether data would be lost for good."""
        return bool(self.losses)

    @property
    def lifted(self) -> tuple[str, ...]:
        """The restrictions that would no longer hide records."""
        return tuple(each.text for each in self.steps if each.sort == "lift")

    @property
    def fingerprint(self) -> str:
        """What tells this plan from any other, for another state of the database or other plugins included."""
        said = [self.state, list(self.purged), [each.as_json() for each in self.steps], list(map(str, self.problems))]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()

    def as_json(self) -> dict[str, object]:
        """Return the plan as JSON."""
        return {
            "fingerprint": self.fingerprint,
            "destructive": self.is_destructive,
            "steps": [each.as_json() for each in self.steps],
            "problems": [str(each) for each in self.problems],
        }
