"""crmkit: a CRM you assemble instead of install.

`CRM(url, plugins=[...])` assembles one; `crm.session(actor=...)` works on it; `@record`, `@extend` and
`crmkit_declare` write a plugin. Names are imported when they are first used, so that `import crmkit` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmkit.app import CRM as CRM
    from crmkit.core.assemble.model import EntityModel as EntityModel
    from crmkit.core.assemble.model import FieldModel as FieldModel
    from crmkit.core.assemble.model import Model as Model
    from crmkit.core.calendars.business_hours import BusinessHours as BusinessHours
    from crmkit.core.declare.access import Grant as Grant
    from crmkit.core.declare.access import Role as Role
    from crmkit.core.declare.actions import Action as Action
    from crmkit.core.declare.channels import Channel as Channel
    from crmkit.core.declare.channels import Message as Message
    from crmkit.core.declare.checks import Check as Check
    from crmkit.core.declare.contact_sources import ContactSource as ContactSource
    from crmkit.core.declare.declarations import AddChoice as AddChoice
    from crmkit.core.declare.declarations import Command as Command
    from crmkit.core.declare.declarations import Event as Event
    from crmkit.core.declare.declarations import Parameter as Parameter
    from crmkit.core.declare.declarations import Relabel as Relabel
    from crmkit.core.declare.declarations import Report as Report
    from crmkit.core.declare.declarations import Rule as Rule
    from crmkit.core.declare.declarations import Setting as Setting
    from crmkit.core.declare.declarations import Unique as Unique
    from crmkit.core.declare.demonstrations import Demonstration as Demonstration
    from crmkit.core.declare.demonstrations import Scene as Scene
    from crmkit.core.declare.duplicates import Compare as Compare
    from crmkit.core.declare.duplicates import DuplicateRule as DuplicateRule
    from crmkit.core.declare.duplicates import Key as Key
    from crmkit.core.declare.external_sources import ExternalSource as ExternalSource
    from crmkit.core.declare.fields import Field as Field
    from crmkit.core.declare.fields import address as address
    from crmkit.core.declare.fields import any_ref as any_ref
    from crmkit.core.declare.fields import bookkeeping as bookkeeping
    from crmkit.core.declare.fields import boolean as boolean
    from crmkit.core.declare.fields import choice as choice
    from crmkit.core.declare.fields import date as date
    from crmkit.core.declare.fields import datetime as datetime
    from crmkit.core.declare.fields import decimal as decimal
    from crmkit.core.declare.fields import duration as duration
    from crmkit.core.declare.fields import email as email
    from crmkit.core.declare.fields import file as file
    from crmkit.core.declare.fields import integer as integer
    from crmkit.core.declare.fields import json as json
    from crmkit.core.declare.fields import location as location
    from crmkit.core.declare.fields import locked as locked
    from crmkit.core.declare.fields import long_text as long_text
    from crmkit.core.declare.fields import money as money
    from crmkit.core.declare.fields import percent as percent
    from crmkit.core.declare.fields import phone as phone
    from crmkit.core.declare.fields import ref as ref
    from crmkit.core.declare.fields import tags as tags
    from crmkit.core.declare.fields import text as text
    from crmkit.core.declare.fields import url as url
    from crmkit.core.declare.fillers import FillerRule as FillerRule
    from crmkit.core.declare.hooks import hookimpl as hookimpl
    from crmkit.core.declare.kinds.structured import Choice as Choice
    from crmkit.core.declare.levels import LevelRule as LevelRule
    from crmkit.core.declare.manifest import Manifest as Manifest
    from crmkit.core.declare.modes import Mode as Mode
    from crmkit.core.declare.modes import Preset as Preset
    from crmkit.core.declare.modes import Question as Question
    from crmkit.core.declare.outbox import Handler as Handler
    from crmkit.core.declare.outbox import Job as Job
    from crmkit.core.declare.profiles import Figure as Figure
    from crmkit.core.declare.profiles import ProfileSection as ProfileSection
    from crmkit.core.declare.purposes import Purpose as Purpose
    from crmkit.core.declare.records import Record as Record
    from crmkit.core.declare.records import Staged as Staged
    from crmkit.core.declare.records import extend as extend
    from crmkit.core.declare.records import record as record
    from crmkit.core.declare.restrictions import Restriction as Restriction
    from crmkit.core.declare.role_sources import RoleSource as RoleSource
    from crmkit.core.declare.schedules import Daily as Daily
    from crmkit.core.declare.schedules import Every as Every
    from crmkit.core.declare.schedules import Monthly as Monthly
    from crmkit.core.declare.schedules import Weekly as Weekly
    from crmkit.core.declare.stages import AddStage as AddStage
    from crmkit.core.declare.stages import ChangeStage as ChangeStage
    from crmkit.core.declare.stages import Gate as Gate
    from crmkit.core.declare.stages import Move as Move
    from crmkit.core.declare.stages import Pipeline as Pipeline
    from crmkit.core.declare.stages import Stage as Stage
    from crmkit.core.declare.upgrades import Renamed as Renamed
    from crmkit.core.declare.upgrades import UpgradeStep as UpgradeStep
    from crmkit.core.declare.values import Address as Address
    from crmkit.core.declare.values import File as File
    from crmkit.core.declare.values import Location as Location
    from crmkit.core.declare.values import Money as Money
    from crmkit.core.declare.values import Ref as Ref
    from crmkit.core.declare.worklists import WorklistKind as WorklistKind
    from crmkit.core.lifecycle.drafts import Batch as Batch
    from crmkit.core.lifecycle.drafts import Change as Change
    from crmkit.core.lifecycle.drafts import CreateDraft as CreateDraft
    from crmkit.core.lifecycle.drafts import DeleteDraft as DeleteDraft
    from crmkit.core.lifecycle.drafts import Emission as Emission
    from crmkit.core.lifecycle.drafts import MergeDraft as MergeDraft
    from crmkit.core.lifecycle.drafts import MoveDraft as MoveDraft
    from crmkit.core.lifecycle.drafts import RestoreDraft as RestoreDraft
    from crmkit.core.lifecycle.drafts import UpdateDraft as UpdateDraft
    from crmkit.core.lifecycle.session import Session as Session
    from crmkit.core.nouns.business_calendars import BusinessCalendar as BusinessCalendar
    from crmkit.core.nouns.business_calendars import SpecialDay as SpecialDay
    from crmkit.core.nouns.categories import Category as Category
    from crmkit.core.nouns.consents import Consent as Consent
    from crmkit.core.nouns.custom_fields import CustomField as CustomField
    from crmkit.core.nouns.customers import Contact as Contact
    from crmkit.core.nouns.customers import Customer as Customer
    from crmkit.core.nouns.customers import CustomerContact as CustomerContact
    from crmkit.core.nouns.customers import OrgUnit as OrgUnit
    from crmkit.core.nouns.identities import ChannelIdentity as ChannelIdentity
    from crmkit.core.nouns.identities import ExternalId as ExternalId
    from crmkit.core.nouns.notices import Notice as Notice
    from crmkit.core.nouns.notices import NoticePreference as NoticePreference
    from crmkit.core.nouns.people import Team as Team
    from crmkit.core.nouns.people import User as User
    from crmkit.core.nouns.selling import Assignment as Assignment
    from crmkit.core.nouns.selling import ExchangeRate as ExchangeRate
    from crmkit.core.nouns.selling import Opportunity as Opportunity
    from crmkit.core.nouns.selling import OpportunityContact as OpportunityContact
    from crmkit.core.nouns.selling import Order as Order
    from crmkit.core.nouns.selling import OrderLine as OrderLine
    from crmkit.core.nouns.selling import Product as Product
    from crmkit.core.nouns.webhooks import Webhook as Webhook
    from crmkit.core.outbox.occurrence import JobRun as JobRun
    from crmkit.core.outbox.occurrence import Occurrence as Occurrence
    from crmkit.core.outbox.worker import Worker as Worker
    from crmkit.core.reading.permission import SYSTEM as SYSTEM
    from crmkit.core.reading.reports.columns import Column as Column
    from crmkit.core.reading.reports.table import Table as Table
    from crmkit.core.reading.sql_reader import SqlReader as SqlReader
    from crmkit.core.storage.engine import prepare_sqlite as prepare_sqlite
    from crmkit.deprecation import CRMKitDeprecationWarning as CRMKitDeprecationWarning
    from crmkit.errors import CRMKitError as CRMKitError

_HOMES = {
    "crmkit.app": "CRM",
    "crmkit.core.assemble.model": "EntityModel FieldModel Model",
    "crmkit.core.calendars.business_hours": "BusinessHours",
    "crmkit.core.declare.access": "Grant Role",
    "crmkit.core.declare.actions": "Action",
    "crmkit.core.declare.channels": "Channel Message",
    "crmkit.core.declare.checks": "Check",
    "crmkit.core.declare.contact_sources": "ContactSource",
    "crmkit.core.declare.declarations": "AddChoice Command Event Parameter Relabel Report Rule Setting Unique",
    "crmkit.core.declare.demonstrations": "Demonstration Scene",
    "crmkit.core.declare.duplicates": "Compare DuplicateRule Key",
    "crmkit.core.declare.external_sources": "ExternalSource",
    "crmkit.core.declare.fields": (
        "Field address any_ref bookkeeping boolean choice date datetime decimal duration email file integer json"
        " location locked long_text money percent phone ref tags text url"
    ),
    "crmkit.core.declare.fillers": "FillerRule",
    "crmkit.core.declare.hooks": "hookimpl",
    "crmkit.core.declare.kinds.structured": "Choice",
    "crmkit.core.declare.levels": "LevelRule",
    "crmkit.core.declare.manifest": "Manifest",
    "crmkit.core.declare.modes": "Mode Preset Question",
    "crmkit.core.declare.outbox": "Handler Job",
    "crmkit.core.declare.profiles": "Figure ProfileSection",
    "crmkit.core.declare.purposes": "Purpose",
    "crmkit.core.declare.records": "Record Staged extend record",
    "crmkit.core.declare.restrictions": "Restriction",
    "crmkit.core.declare.role_sources": "RoleSource",
    "crmkit.core.declare.schedules": "Daily Every Monthly Weekly",
    "crmkit.core.declare.stages": "AddStage ChangeStage Gate Move Pipeline Stage",
    "crmkit.core.declare.upgrades": "Renamed UpgradeStep",
    "crmkit.core.declare.values": "Address File Location Money Ref",
    "crmkit.core.declare.worklists": "WorklistKind",
    "crmkit.core.lifecycle.drafts": "Batch Change CreateDraft DeleteDraft Emission MergeDraft MoveDraft RestoreDraft "
    "UpdateDraft",
    "crmkit.core.lifecycle.session": "Session",
    "crmkit.core.nouns.business_calendars": "BusinessCalendar SpecialDay",
    "crmkit.core.nouns.categories": "Category",
    "crmkit.core.nouns.custom_fields": "CustomField",
    "crmkit.core.nouns.consents": "Consent",
    "crmkit.core.nouns.customers": "Contact Customer CustomerContact OrgUnit",
    "crmkit.core.nouns.identities": "ChannelIdentity ExternalId",
    "crmkit.core.nouns.notices": "Notice NoticePreference",
    "crmkit.core.nouns.people": "Team User",
    "crmkit.core.nouns.selling": ("Assignment ExchangeRate Opportunity OpportunityContact Order OrderLine Product"),
    "crmkit.core.nouns.webhooks": "Webhook",
    "crmkit.core.outbox.occurrence": "JobRun Occurrence",
    "crmkit.core.outbox.worker": "Worker",
    "crmkit.core.reading.permission": "SYSTEM",
    "crmkit.core.reading.reports.columns": "Column",
    "crmkit.core.reading.reports.table": "Table",
    "crmkit.core.reading.sql_reader": "SqlReader",
    "crmkit.core.storage.engine": "prepare_sqlite",
    "crmkit.deprecation": "CRMKitDeprecationWarning",
    "crmkit.errors": "CRMKitError",
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = list(_HOME_OF)


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'crmkit' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return [*__all__, "errors"]
