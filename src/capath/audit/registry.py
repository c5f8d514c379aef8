"""All rules, in the order of their findings. A family of rules is one module; adding one takes a line here."""

from __future__ import annotations

from capath.audit.directory_rules import DIRECTORY_RULES
from capath.audit.encoding_rules import ENCODING_RULES
from capath.audit.extension_rules import EXTENSION_RULES
from capath.audit.key_rules import KEY_RULES
from capath.audit.link_rules import LINK_RULES
from capath.audit.mozilla_rules import MOZILLA_RULES
from capath.audit.reader_rules import READER_RULES
from capath.audit.rule import Rule
from capath.audit.validity_rules import VALIDITY_RULES

RULES: tuple[Rule, ...] = (
    *DIRECTORY_RULES,
    *LINK_RULES,
    *READER_RULES,
    *MOZILLA_RULES,
    *VALIDITY_RULES,
    *KEY_RULES,
    *EXTENSION_RULES,
    *ENCODING_RULES,
)
RULE_IDS = frozenset(rule.id for rule in RULES)
