"""Texts for people, and their translations."""

from crmkit.translation.text import Text as Text
from crmkit.translation.text import Translate as Translate
from crmkit.translation.text import _ as _
from crmkit.translation.text import about as about
from crmkit.translation.text import joined as joined
from crmkit.translation.text import ngettext as ngettext
