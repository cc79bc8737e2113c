"""Role sources: records that give users roles, beside those that the users' own records name."""

from __future__ import annotations

from attrs import frozen

from crmkit.core.declare.names import check_name


@frozen(kw_only=True)
class RoleSource:
    """Records of an entity that give users roles for as long as they say: a position, a deputy's appointment.

    A user has them from the next session on, and no longer than the last day. Who may not change every user may change
    neither such records nor those that name the roles: that would be to raise one's own rights.

    Attributes:
        entity: whose records give roles.
        user: the reference to the user who gets them.
        roles: the tags with the names of the roles: a field of the entity (`roles`), or of what one of its references
            leads to (`position.roles`).
        since, until: the dates, in the home time zone, from and up to which it counts; without a value, always.
    """

    name: str
    entity: str
    user: str
    roles: str
    since: str = ""
    until: str = ""

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "role source")

    @property
    def through(self) -> str:
        """The reference that leads to what names the roles, empty if the records themselves do."""
        return self.roles.partition(".")[0] if "." in self.roles else ""

    @property
    def field(self) -> str:
        """The field that names the roles."""
        return self.roles.rpartition(".")[2]
