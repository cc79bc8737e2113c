"""A host program with tables of its own: its invoices refer to the CRM's customers, and both are written together."""

from __future__ import annotations

import sys

from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from crmkit import CRM, Customer, prepare_sqlite


class Base(DeclarativeBase):
    """The host's own models."""


engine = prepare_sqlite(create_engine(sys.argv[1] if len(sys.argv) > 1 else "sqlite:///shop.db"))
crm = CRM(engine, metadata=Base.metadata)
customers = crm.tables["customer"]


class Invoice(Base):
    """An invoice of the host, to a customer of the CRM."""

    __tablename__ = "invoice"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey(customers.c.id))
    total: Mapped[int]


crm.upgrade(admin="ann")
Base.metadata.create_all(engine)
CRMCustomer = crm.mapped(Customer)  # for reading with the host's own queries

with Session(engine) as host:
    with crm.session(actor="ann", connection=host.connection()) as session:
        acme = session.create(Customer, name="Acme")
    host.add(Invoice(customer_id=acme.id, total=120))
    host.commit()  # the customer and the invoice, or neither

with Session(engine) as host:
    with crm.session(actor="ann", connection=host.connection()) as session:
        session.create(Customer, name="Never")
    host.rollback()

with Session(engine) as host:
    query = select(customers.c.name, Invoice.total).join(Invoice, Invoice.customer_id == customers.c.id)
    print([tuple(row) for row in host.execute(query)])
    print(host.query(CRMCustomer).count(), "customer")
