"""Dental clinics: a recall interval, and a 'treatment planned' stage that needs it."""

from crmkit import AddStage, Customer, Opportunity, Stage, extend, hookimpl, integer


@extend(Customer)
class Recall:
    recall_months: int | None = integer(label="Recall every (months)", min=1, max=60)


@hookimpl
def crmkit_declare():
    yield Recall
    planned = Stage("planned", "Treatment planned", probability=60)
    yield AddStage("opportunity", planned, after="proposal", on_remove="map:proposal")


@hookimpl
def crmkit_before_move(session, moves):
    for move in moves.of(Opportunity, to="planned"):
        customer = move.related("customer")
        if customer is None or customer.recall_months is None:
            move.refuse("customer.recall_months", "Set the recall interval before planning a treatment.")
