"""How a plugin comes, stays and goes: upgrades, disabling, purging, backups."""

from __future__ import annotations

import tempfile
from pathlib import Path

from crmkit.core.nouns.customers import Customer
from crmkit.testing.conformance.subject import Conforming, system
from crmkit.testing.factories import make
from crmkit.testing.memory import memory_crm
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
        used = memory_crm(self.subject.required)
        with system(used) as session:
            customer = make(session, Customer)
        crm = self.subject.again(used)
        crm.upgrade()
        with system(crm) as session:
            assert session.get(Customer, customer.id).version == customer.version
        assert schema_of(crm) == self.subject.schema

    def test_disabled_it_keeps_everything(self) -> None:
        """Without it, its data stay to the byte; enabled again, they are there."""
        crm = self.subject.crm()
        with system(crm) as session:
            self.subject.fill(session)
        before, schema = contents_of(crm, without=CHANGING), schema_of(crm)
        bare = self.subject.without(crm)
        bare.upgrade()
        assert contents_of(bare, without=CHANGING) == before
        again = self.subject.again(crm)
        again.upgrade()
        assert contents_of(again, without=CHANGING) == before
        assert schema_of(again) == schema

    def test_the_core_works_while_it_is_disabled(self) -> None:
        """Records of the core are created, changed and deleted beside its hidden data."""
        crm = self.subject.crm()
        with system(crm) as session:
            self.subject.fill(session)
        bare = self.subject.without(crm)
        bare.upgrade()
        with system(bare) as session:
            for customer in session.find(Customer):
                session.update(customer, city="Lyon")
                session.delete(customer)
            make(session, Customer)

    def test_purged_it_leaves_no_trace(self) -> None:
        """The schema is as if it had never been there, and the core works on."""
        crm = self.subject.crm()
        with system(crm) as session:
            self.subject.fill(session)
        bare = self.subject.without(crm)
        bare.upgrade()
        plan = bare.plugins.plan(purge=[self.subject.name])
        bare.plugins.apply(plan, destructive=True)
        assert schema_of(bare) == self.subject.schema_without
        with system(bare) as session:
            make(session, Customer)

    def test_it_is_backed_up(self) -> None:
        """A backup restored elsewhere holds the same."""
        crm = self.subject.crm()
        with system(crm) as session:
            self.subject.fill(session)
        with tempfile.TemporaryDirectory() as folder:
            crm.backup(Path(folder) / "backup.zip")
            copy = memory_crm([self.subject.wish], settings=self.subject.settings)
            copy.restore(Path(folder) / "backup.zip", replace=True)
        assert copy.fingerprint() == crm.fingerprint()
