"""Agreeing: the option by which somebody says that lifting restrictions is meant, the same for all commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., object]")


def lift_restrictions_option() -> Callable[[F], F]:
    """Give a command the option --lift-restrictions."""
    return click.option(
        "--lift-restrictions",
        is_flag=True,
        help="Showing people what restrictions of disabled plugins keep from them is meant.",
    )
