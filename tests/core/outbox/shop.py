"""A Celery app of its own: `celery -A tests.core.outbox.shop worker`. Broker, database and schema are in variables."""

from __future__ import annotations

import os

from celery import Celery

from crmkit import CRM
from crmkit.celery import CeleryRelay
from tests.core.outbox.copying import plugin

schema = os.environ["SHOP_SCHEMA"]
app = Celery("shop", broker=os.environ["SHOP_BROKER"])
app.conf.update(task_default_queue=os.environ["SHOP_QUEUE"], broker_connection_retry_on_startup=True)
crm = CRM(
    os.environ["SHOP_DATABASE"],
    [plugin(float(os.environ.get("SHOP_SECONDS", "0")))],
    schema=None if schema == "-" else schema,
)
relay = CeleryRelay(app, crm, queue=os.environ["SHOP_QUEUE"])
