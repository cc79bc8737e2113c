"""Actions: what rules can have done about a record, such as planning a task or giving it to a queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen

from crmkit.core.declare.names import as_label, as_text, check_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmkit.core.declare.declarations import Parameter


@frozen(kw_only=True)
class Action:
    """Something that can be done about a record and that rules, which are data, call by its name.

    Whoever runs an action does it with system reach, in a savepoint of its own: what it raises takes back all that it
    has written.

    Attributes:
        run: a function of a session of the system, a record, and the parameters; or where it is
            (`package.module:function`). What keeps it from being done it raises as an error of a command, which people
            then read.
        check: a function of a session, an `EntityModel`, and the values that a rule gives, which yields what is wrong
            with them as `(parameter, text)`; the session reaches as far as whoever writes the rule. Or where it is.
        entities: the entities whose records it is for; those of any entity, if there are none.
    """

    name: str
    run: Callable[..., object] | str
    label: str = field(default="", converter=as_text)
    help: str = field(default="", converter=as_text)
    parameters: tuple[Parameter, ...] = ()
    entities: tuple[str, ...] = ()
    check: Callable[..., object] | str | None = None

    def __attrs_post_init__(self) -> None:
        check_name(self.name, "action")
        if not self.label:
            object.__setattr__(self, "label", as_label(self.name))
