"""Rules of QuestionnaireResponses, each held against its Questionnaire, and of Questionnaires."""

from adapter.fhir.outcomes import Rule

_ANSWER = "Change the response so that it is as the Questionnaire says, or name the Questionnaire that it answers."

QUESTIONNAIRE_NONE = Rule(
    "questionnaire-none",
    "informational",
    "The response names no Questionnaire: there is nothing to hold its answers against.",
    "Name the Questionnaire that is answered, by its canonical URL, in questionnaire.",
    severity="information",
)
QUESTIONNAIRE_UNKNOWN = Rule(
    "questionnaire-unknown",
    "not-found",
    "The Questionnaire that is answered is in none of the packages that are loaded, nor in the response: the answers "
    "were not held against it. Where the URL is that of another resource, this is an error.",
    "Load the package that holds the Questionnaire, or correct its URL.",
    severity="warning",
)
QUESTIONNAIRE_LINK = Rule(
    "questionnaire-link",
    "not-found",
    "The Questionnaire has no item with this linkId.",
    _ANSWER,
)
QUESTIONNAIRE_PLACE = Rule(
    "questionnaire-place",
    "structure",
    "An item does not stand where the Questionnaire has it: in another group, out of order, or beside the answers of a "
    "question and not in one of them.",
    "Put the items in the groups and in the order of the Questionnaire; those within a question go into its answer.",
)
QUESTIONNAIRE_REQUIRED = Rule(
    "questionnaire-required",
    "required",
    "A required item that is enabled has no answer, and the response is said to be completed. Of one that is not, "
    "this is information.",
    "Answer the item, or give the response the status in-progress.",
)
QUESTIONNAIRE_NOT_ENABLED = Rule(
    "questionnaire-not-enabled",
    "invalid",
    "An item is answered that the other answers do not enable.",
    "Leave the item out, or correct the answers that its enableWhen names.",
)
QUESTIONNAIRE_REPEATS = Rule(
    "questionnaire-repeats",
    "invalid",
    "An item has more answers, or a group stands more often, than the Questionnaire allows; or fewer.",
    _ANSWER,
)
QUESTIONNAIRE_ANSWER = Rule(
    "questionnaire-answer",
    "structure",
    "An answer does not have the type of the item; or a group or display has one.",
    _ANSWER,
)
QUESTIONNAIRE_OPTION = Rule(
    "questionnaire-option",
    "code-invalid",
    "An answer, or the unit of one, is none of those that the Questionnaire offers; or it excludes the others.",
    "Give one of the item's options, or a code of the value set that the message names.",
)
QUESTIONNAIRE_LIMIT = Rule(
    "questionnaire-limit",
    "invalid",
    "An answer is longer, shorter, smaller, greater or of another form than the item allows.",
    _ANSWER,
)
QUESTIONNAIRE_TEXT = Rule(
    "questionnaire-text",
    "invalid",
    "The text of an item is not the Questionnaire's, nor a translation that it gives: the answer may be to another "
    "question.",
    "Write the text of the Questionnaire's item, or leave it out.",
)
QUESTIONNAIRE_PERIOD = Rule(
    "questionnaire-period",
    "business-rule",
    "The response was written outside the period in which the Questionnaire is to be used.",
    "Use the version of the Questionnaire that holds at the time.",
    severity="warning",
)
QUESTIONNAIRE_UNDECIDED = Rule(
    "questionnaire-undecided",
    "informational",
    "It could not be decided whether an answer is as the Questionnaire says, or whether its item is enabled.",
    "Load the package that holds the value set or code system; the message says what is missing.",
    severity="warning",
)
QUESTIONNAIRE_CONDITION = Rule(
    "questionnaire-condition",
    "business-rule",
    "The condition of a Questionnaire's item names no item, the item itself, or one within it.",
    "Name in enableWhen.question the linkId of an item before the one that is enabled.",
)
