"""Every rule that is checked, as data: the catalogue is generated from here.

Ids are lasting: a rule may be reworded, never renamed or given another meaning. `msg-` rules are those of FHIR R4
messaging and of our messages; `base-` rules those of the R4 base; `code-` rules are about terminology; `bundle-` rules
about each type of Bundle; `profile-` rules are those of profiles; `questionnaire-` rules hold a response against its
Questionnaire, `measure-` rules a report against its Measure; `validation-` rules are about the verdict itself.
"""

from adapter.fhir.outcomes import Rule
from adapter.validation.rules import base, bundles, measures, messages, profiles, questionnaires
from adapter.validation.rules.base import *  # noqa: F403
from adapter.validation.rules.bundles import *  # noqa: F403
from adapter.validation.rules.measures import *  # noqa: F403
from adapter.validation.rules.messages import *  # noqa: F403
from adapter.validation.rules.profiles import *  # noqa: F403
from adapter.validation.rules.questionnaires import *  # noqa: F403

RULES: dict[str, Rule] = {
    rule.id: rule
    for module in (messages, base, bundles, profiles, questionnaires, measures)
    for rule in vars(module).values()
    if isinstance(rule, Rule)
}
"""Every rule by its id."""
