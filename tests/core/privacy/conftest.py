"""A clinic that knows everything of two persons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.core.privacy import person
from tests.core.privacy.person import Known, know

if TYPE_CHECKING:
    from pathlib import Path

    from crmkit import CRM
    from crmkit.testing.clock import FrozenClock
    from crmkit.testing.fixtures import CRMFactory


@pytest.fixture
def clinic(make_crm: CRMFactory) -> CRM:
    """A CRM with sales and a plugin that knows health and visits."""
    return make_crm(["sales", person])


@pytest.fixture
def known(clinic: CRM, clock: FrozenClock, tmp_path: Path) -> Known:
    """Two persons of whom everything is known."""
    return know(clinic, clock, tmp_path)
