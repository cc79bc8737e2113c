"""Editions: what a `crmkit.toml` says, assembled as a plugin named `edition` that comes after all others."""

from __future__ import annotations

from crmkit.core.assemble.edition.edition import Edition

__all__ = ["Edition"]
