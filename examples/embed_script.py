"""A CRM in a script: make one, put a customer and a deal into it, work on the deal, and ask how things stand."""

import sys

from crmkit import CRM, Customer, Opportunity

crm = CRM(sys.argv[1] if len(sys.argv) > 1 else "sqlite:///crm.db")
crm.upgrade(admin="ann")

with crm.session(actor="ann") as session:
    acme = session.create(Customer, name="Acme", city="Paris")
    deal = session.create(Opportunity, name="200 seats", customer=acme, amount="48000 EUR")
    deal = session.move(deal, "proposal")
    session.update(acme, city="Lyon")
    for name, customer, amount in session.rows(Opportunity, ["name", "customer.name", "amount"], "owner == me()"):
        print(f"{name} for {customer}: {amount}, {deal.stage}, {deal.probability} %")
    for entry in session.history(deal):
        print(entry.version, entry.action, dict(entry.new).get("stage", ""))
