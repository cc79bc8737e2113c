"""Restrictions: which records of an entity are seen at all, whatever roles and shares say."""

from __future__ import annotations

from attrs import field, frozen

from crmkit.core.declare.names import as_text, check_name


@frozen(kw_only=True)
class Restriction:
    """A condition that records must meet to be seen, beside what roles and shares say. All of an entity's count.

    What isn't seen can't be written, counted, searched, reported or reached by a path either. Programs with system
    reach see everything.

    Attributes:
        where: a filter expression over the entity's own fields; it may ask for `me()` and `my_team()`.
        help: what keeps a record from being seen, for whoever asks why.
        except_for: the roles that it doesn't bind.
    """

    name: str
    entity: str
    where: str
    help: str = field(default="", converter=as_text)
    except_for: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "restriction")

    @property
    def path(self) -> str:
        """The name behind the entity's."""
        return f"{self.entity}.{self.name}"
