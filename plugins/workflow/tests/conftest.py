"""A CRM with the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from crmkit import CRM
    from crmkit.testing.fixtures import CRMFactory


@pytest.fixture
def crm(make_crm: CRMFactory) -> CRM:
    """A CRM with the plugin, as installed."""
    return make_crm(["workflow"])
