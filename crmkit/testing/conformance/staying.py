"""How a plugin comes, stays and goes: upgrades, disabling, purging, backups."""

from __future__ import annotations

import tempfile
from pathlib import Path

from crmkit.core.nouns.customers import Customer
from crmkit.testing.conformance.subject import Conforming, system
from crmkit.testing.factories import make
from crmkit.testing.schemas import contents_of, schema_of

CHANGING = ("plugin", "generation", "upgrade_step")


class StayingChecks(Conforming):
    """How a plugin comes, stays and goes."""

    def test_an_upgrade_is_done_once(self) -> None:
        """A second one finds nothing to do, and changes nothing."""
        crm = self.subject.crm()
        before = contents_of(crm)
        assert crm.upgrade() == []
        assert contents_of(crm) == before

    def test_it_comes_to_a_crm_in_use(self) -> None:
        """Enabled on records that are there already, it leaves them as they were; the schema is as if made with it."""
        expected = self.subject.schema
        with system(self.subject.bare()) as session:
            customer = make(session, Customer)
        crm = self.subject.enabled()
        crm.upgrade()
        with system(crm) as session:
            assert session.get(Customer, customer.id).version == customer.version
        assert schema_of(crm) == expected

    def test_disabled_it_keeps_everything(self) -> None:
        """Without it, its data stay to the byte; enabled again, they are there."""
        crm = self.subject.filled()
        before, schema = contents_of(crm, without=CHANGING), schema_of(crm)
        assert contents_of(self.subject.disabled(), without=CHANGING) == before
        again = self.subject.enabled()
        again.upgrade()
        assert contents_of(again, without=CHANGING) == before
        assert schema_of(again) == schema

    def test_the_core_works_while_it_is_disabled(self) -> None:
        """Records of the core are created, changed and deleted beside its hidden data."""
        with system(self.subject.disabled()) as session:
            for customer in session.find(Customer):
                session.update(customer, city="Lyon")
                session.delete(customer)
            make(session, Customer)

    def test_purged_it_leaves_no_trace(self) -> None:
        """The schema is as if it had never been there, and the core works on."""
        expected = self.subject.schema_without
        bare = self.subject.disabled()
        plan = bare.plugins.plan(purge=[self.subject.name])
        bare.plugins.apply(plan, destructive=True)
        assert schema_of(bare) == expected
        with system(bare) as session:
            make(session, Customer)

    def test_it_is_backed_up(self) -> None:
        """A backup restored into an empty database holds the same."""
        crm = self.subject.filled()
        before = crm.fingerprint()
        with tempfile.TemporaryDirectory() as folder:
            crm.backup(Path(folder) / "backup.zip")
            copy = self.subject.empty()
            copy.restore(Path(folder) / "backup.zip")
        assert copy.fingerprint() == before
