"""The command line. Nothing else in crmkit imports click."""

from __future__ import annotations


def main() -> None:
    """Run the command line with the arguments of the process, and exit."""
    from crmkit.cli.program import program

    program(prog_name="crmkit")
