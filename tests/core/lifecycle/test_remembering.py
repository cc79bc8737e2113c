"""What plugins remember for a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from crmkit.core.lifecycle.remembering import forget, remembered

if TYPE_CHECKING:
    from crmkit import CRM


def test_it_is_made_once_in_a_transaction(crm: CRM) -> None:
    """It is made at first, and again after `forget`, in the next session, and when a savepoint was taken back."""
    made: list[int] = []

    def make() -> int:
        made.append(len(made))
        return made[-1]

    with crm.session(actor="admin") as session:
        assert [remembered(session, "rules", make), remembered(session.elevated, "rules", make)] == [0, 0]
        forget(session, "rules")
        assert remembered(session, "rules", make) == 1
        session.unit.check_writable()
        with pytest.raises(KeyError), session.unit.savepoint():
            raise KeyError
        assert remembered(session, "rules", make) == 2
    with crm.session(actor="admin") as session:
        assert remembered(session, "rules", make) == 3
