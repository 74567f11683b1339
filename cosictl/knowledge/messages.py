"""Every message rule, in the order in which they are asked.

COSI's and Kubernetes' own words come first, as they are exact; then the driver's set-up and the transport; the
wordings that many backends share come last, as they are the loosest. A backend's own error code is asked between.
"""

from cosictl.knowledge.message_rule import MessageRule
from cosictl.knowledge.messages_cosi import COSI_RULES
from cosictl.knowledge.messages_generic import GENERIC_RULES
from cosictl.knowledge.messages_kube import KUBE_RULES
from cosictl.knowledge.messages_net import NET_RULES

EXACT_RULES: tuple[MessageRule, ...] = (*COSI_RULES, *KUBE_RULES)
TRANSPORT_RULES: tuple[MessageRule, ...] = (*GENERIC_RULES[:2], *NET_RULES)
LOOSE_RULES: tuple[MessageRule, ...] = GENERIC_RULES[2:]
ALL_RULES: tuple[MessageRule, ...] = (*EXACT_RULES, *TRANSPORT_RULES, *LOOSE_RULES)
