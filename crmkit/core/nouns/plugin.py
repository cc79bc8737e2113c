"""The built-in plugin `core`: the shared nouns and their rules, said through the public hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.declare.hooks import hookimpl
from crmkit.core.declare.manifest import Manifest
from crmkit.core.nouns import (
    business_calendars,
    categories,
    consents,
    contacts,
    custom_fields,
    customers,
    defaults,
    duplicates,
    fillers,
    growth,
    identities,
    notices,
    outbox,
    pipelines,
    profiles,
    reports,
    roles,
    selling,
    trees,
    webhooks,
)
from crmkit.core.nouns.people import Team, User
from crmkit.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crmkit.core.lifecycle.drafts import (
        Batch,
        Change,
        CreateDraft,
        DeleteDraft,
        MoveDraft,
        RestoreDraft,
        UpdateDraft,
    )
    from crmkit.core.lifecycle.session import Session

manifest = Manifest(name="core", version=VERSION, summary="The shared nouns: users, customers, opportunities, orders.")

ENTITIES = (
    business_calendars.BusinessCalendar,
    business_calendars.SpecialDay,
    Team,
    User,
    categories.Category,
    customers.Customer,
    customers.OrgUnit,
    customers.Contact,
    customers.CustomerContact,
    selling.Product,
    selling.Opportunity,
    selling.OpportunityContact,
    selling.Order,
    selling.OrderLine,
    selling.ExchangeRate,
    selling.Assignment,
    identities.ExternalId,
    identities.ChannelIdentity,
    consents.Consent,
    custom_fields.CustomField,
    webhooks.Webhook,
    notices.Notice,
    notices.NoticePreference,
)


@hookimpl
def crmkit_declare() -> Iterator[object]:
    """Yield the nouns, their pipelines, roles, rules, reports and profiles."""
    yield from ENTITIES
    yield from pipelines.DECLARATIONS
    yield from roles.ROLES
    yield from contacts.DECLARATIONS
    yield from defaults.DECLARATIONS
    yield from identities.DECLARATIONS
    yield from consents.DECLARATIONS
    yield from business_calendars.DECLARATIONS
    yield from categories.DECLARATIONS
    yield from custom_fields.DECLARATIONS
    yield from reports.REPORTS
    yield from duplicates.DUPLICATE_RULES
    yield from outbox.DECLARATIONS
    yield from webhooks.DECLARATIONS
    yield from notices.DECLARATIONS
    yield from profiles.SECTIONS
    yield from fillers.FILLERS
    yield from growth.QUESTIONS
    yield from growth.PRESETS


@hookimpl
def crmkit_before_create(session: Session, drafts: Batch[CreateDraft]) -> None:
    """Fill in what follows from other values, and check trees and contacts."""
    defaults.fill_new(session, drafts)
    business_calendars.fill(session, drafts)
    contacts.check(session, drafts)
    identities.fill(session, drafts)
    consents.check(session, drafts)
    webhooks.check(session, drafts)
    categories.check(session, drafts)
    custom_fields.check(session, drafts)
    trees.refuse_cycles(session, drafts)


@hookimpl
def crmkit_before_update(session: Session, drafts: Batch[UpdateDraft]) -> None:
    """Check trees, roles and contacts."""
    defaults.check_roles(session, drafts)
    contacts.check(session, drafts)
    identities.fill(session, drafts)
    consents.check(session, drafts)
    webhooks.check(session, drafts)
    categories.check(session, drafts)
    custom_fields.check(session, drafts)
    trees.refuse_cycles(session, drafts)


@hookimpl
def crmkit_before_delete(session: Session, drafts: Batch[DeleteDraft]) -> None:
    """Refuse to delete a team with members, a custom field with values, the calendar in use, and lock the trees."""
    business_calendars.refuse_used(session, drafts)
    custom_fields.check_delete(session, drafts)
    trees.lock(session, drafts)
    trees.refuse_populated(session, drafts)


@hookimpl
def crmkit_before_restore(session: Session, drafts: Batch[RestoreDraft]) -> None:
    """Lock the trees."""
    trees.lock(session, drafts)


@hookimpl
def crmkit_before_move(session: Session, moves: Batch[MoveDraft]) -> None:
    """Note the day on which an opportunity is closed."""
    defaults.note_close(session, moves)


@hookimpl
def crmkit_after_create(session: Session, changes: Batch[Change]) -> None:
    """Announce links between contacts and customers."""
    contacts.announce(session, changes)


@hookimpl
def crmkit_after_update(session: Session, changes: Batch[Change]) -> None:
    """Announce links between contacts and customers, and have categories follow those above."""
    contacts.announce(session, changes)
    categories.follow(session, changes)


@hookimpl
def crmkit_after_delete(session: Session, changes: Batch[Change]) -> None:
    """Close the gaps that deleted records leave in trees."""
    trees.close_gaps(session, changes)


@hookimpl
def crmkit_after_restore(session: Session, changes: Batch[Change]) -> None:
    """Find restored records their places in trees."""
    trees.find_places(session, changes)
    categories.follow_above(session, changes)
