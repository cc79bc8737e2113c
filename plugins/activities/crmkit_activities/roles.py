"""The roles for activities, to be given beside those for customers and deals."""

from __future__ import annotations

from crmkit import Grant, Role

OWNED = ("activity", "memo", "notebook_page", "calendar_event", "reminder")
SEEN = tuple(Grant(entity=name, read="all") for name in ("user", "team"))

DECLARATIONS = (
    Role(
        name="activities_user",
        label="Activities: own",
        grants=(
            *(Grant(entity=name, read="own", create="own", update="own", delete="own", share="own") for name in OWNED),
            *SEEN,
            Grant(entity="follow_up_plan", read="all"),
        ),
    ),
    Role(
        name="activities_manager",
        label="Activities: those of subordinates",
        grants=(
            *(
                Grant(
                    entity=name,
                    read="reports",
                    create="reports",
                    update="reports",
                    delete="reports",
                    share="reports",
                    transfer="reports",
                )
                for name in OWNED
            ),
            *SEEN,
            Grant(entity="follow_up_plan", read="all", create="all", update="all", delete="all"),
        ),
    ),
)
