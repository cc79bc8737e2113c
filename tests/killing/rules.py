"""Rules that are carried out about new products, and watches whose value is reached."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from crmkit import Notice, Product
from crmkit_workflow.automation.entities import AutomationAction, AutomationRule, AutomationRun
from crmkit_workflow.watches.entities import Metric, Watch
from tests.killing.case import Case

if TYPE_CHECKING:
    from crmkit import Session
    from tests.killing.case import People

EACH_TIME = 3


def make_small() -> None:
    """Nothing is to be made small: each transaction of those who write has few."""


def begin(session: Session, people: People) -> None:
    """Have something done about each new product: one rule, which leads to another one."""
    first = session.create(AutomationRule, name="New", entity="product")
    session.create(AutomationAction, rule=first, action="set_field", values={"field": "category", "value": "Tools"})
    told = {"to": "user", "user": int(people["ann"].id), "text": "{name} of {category}"}
    session.create(AutomationAction, rule=first, action="notify", values=told, position=200)
    then = session.create(AutomationRule, name="Then", entity="product", when="changed", field="category")
    session.create(AutomationAction, rule=then, action="set_field", values={"field": "code", "value": "{name}"})


def add(session: Session, people: People, number: int) -> None:
    """Create products, and a metric that Ann watches and that then reaches its value."""
    session.create_many(Product, [{"name": f"{number} {n}"} for n in range(EACH_TIME)])
    metric = session.create(Metric, name=f"metric {number}", value=0)
    session.elevated.create(Watch, owner=people["ann"], record=metric, field="value", value="5")
    session.update(metric, value=10)


def left(session: Session) -> int:
    """Return how many runs wait, or are to come, and how many watches have not fired."""
    runs, products = session.count(AutomationRun, "state == 'done'"), session.count(Product)
    return 2 * products - runs + session.count(Watch, "armed")


def check(session: Session, rounds: int) -> None:
    """Both rules were carried out once for each product, and every watch has told once."""
    count = rounds * EACH_TIME
    runs = Counter((each.record, each.rule) for each in session.find(AutomationRun))
    texts = Counter(each.text for each in session.find(Notice, {"kind": "automation"}))
    versions = Counter((each.version, each.category, each.code == each.name) for each in session.find(Product))
    watched = Counter(each.about for each in session.find(Notice, {"kind": "watch"}))
    assert (len(runs), set(runs.values())) == (2 * count, {1})
    assert texts == {f"{number} {n} of Tools": 1 for number in range(rounds) for n in range(EACH_TIME)}
    assert versions == {(3, "Tools", True): count}
    assert (len(watched), set(watched.values())) == (rounds, {1})


CASE = Case(
    plugins=lambda: ["workflow"],
    marks=frozenset({"notice"}),
    make_small=make_small,
    begin=begin,
    add=add,
    left=left,
    check=check,
)
