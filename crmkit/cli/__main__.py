"""`python -m crmkit.cli` is `crmkit`."""

from __future__ import annotations

from crmkit.cli import main

main()
