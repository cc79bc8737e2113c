"""Demonstrations: what a plugin shows in `crmkit demo`, as scenes of a week."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from crmkit.core.declare.names import check_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import timedelta
    from random import Random

    from crmkit.core.lifecycle.session import Session


@frozen(kw_only=True)
class Scene:
    """Something that somebody does in the week of the demonstration.

    Attributes:
        at: when, since midnight of Monday (UTC). Before it, workers have done all that is due by then.
        run: does it with the session of the actor; it may return a sentence that tells what happened.
        actor: the external id of a user of the demonstration; the system without one.
    """

    at: timedelta
    run: Callable[[Session], str | None]
    actor: str = ""


@frozen(kw_only=True)
class Demonstration:
    """What a plugin shows in `crmkit demo`, after a year of business in which it took no part.

    Attributes:
        scenes: makes the scenes from random numbers (the same ones for the same seed); or where it is
            (`package.module:function`), imported when the demonstration is made.
        reports: the names of the reports that are shown at the end.
    """

    name: str
    scenes: Callable[[Random], Iterable[Scene]] | str
    reports: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "demonstration")
