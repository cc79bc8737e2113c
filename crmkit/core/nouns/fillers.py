"""What the core takes for filler: words and numbers that stand where somebody had to enter something."""

from __future__ import annotations

from crmkit.core.declare.fillers import FillerRule

WORDS = (
    r"test(ing|e)?|tests?\d*|n\.?/?a\.?|none|null|nil|nothing|unknown|dummy|tbd|todo|asdf\w*|qwert\w*"
    r"|无|没有|暂无|不详|未知|不知道|测试|待定|没|無|沒有|不詳|測試"
)
HOSTS = r"([\w-]+\.)*(example(\.(com|net|org))?|invalid|test(\.\w+)?|localhost)"

FILLERS = (
    FillerRule(name="placeholder", pattern=WORDS),
    FillerRule(name="repeated_character", pattern=r"(\w)\1{2,}|[\W_]+"),
    FillerRule(name="digits_in_a_row", pattern=r"0?123(4|45|456\d*)?|98765\d*", kinds=("text", "long_text")),
    FillerRule(  # behind a country code: one digit only, or all in a row
        name="made_up_number",
        pattern=r"\d{0,3}?(\d)\1{6,}|\d{0,3}?0?1234567\d{0,3}|\d{0,3}?0?9?8?7654321\d?",
        kinds=("phone",),
    ),
    FillerRule(
        name="example_address",
        pattern=rf"(.*@)?{HOSTS}|(test|none|no|noemail|nomail|x+|a+)@.*|https?://(www\.)?{HOSTS}/?",
        kinds=("email", "url"),
    ),
)
