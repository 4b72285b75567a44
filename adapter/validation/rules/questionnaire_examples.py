"""Examples of the rules of QuestionnaireResponses."""

_ITEM = '"item": [{"linkId": "1", "answer": [{'

QUESTIONNAIRE_EXAMPLES = {
    "questionnaire-none": (
        'QuestionnaireResponse {"status": "completed"}',
        'QuestionnaireResponse {"status": "completed", "questionnaire": "http://ours.example/q"}',
        "",
    ),
    "questionnaire-unknown": (
        'QuestionnaireResponse {"status": "completed", "questionnaire": "http://ours.example/q|9"}',
        '"questionnaire": "http://ours.example/q|1", which is loaded',
        "",
    ),
    "questionnaire-link": ('"item": [{"linkId": "9"}]', '"item": [{"linkId": "1"}]', "items 1 and 2"),
    "questionnaire-place": (
        '"item": [{"linkId": "2"}, {"linkId": "1"}]',
        '"item": [{"linkId": "1"}, {"linkId": "2"}]',
        "items 1 and 2",
    ),
    "questionnaire-required": ("no item", f'{_ITEM}"valueBoolean": true}}]}}]', "item 1 is required"),
    "questionnaire-not-enabled": (
        "item 1 answered with false, item 2 answered",
        "item 1 answered with false, no item 2",
        "item 2 is enabled when item 1 = true",
    ),
    "questionnaire-repeats": (
        f'{_ITEM}"valueInteger": 1}}, {{"valueInteger": 2}}]}}]',
        f'{_ITEM}"valueInteger": 1}}]}}]',
        "item 1 does not repeat",
    ),
    "questionnaire-answer": (
        f'{_ITEM}"valueString": "yes"}}]}}]',
        f'{_ITEM}"valueBoolean": true}}]}}]',
        "item 1 is of the type boolean",
    ),
    "questionnaire-option": (
        f'{_ITEM}"valueCoding": {{"system": "http://ours.example/c", "code": "x"}}}}]}}]',
        f'{_ITEM}"valueCoding": {{"system": "http://ours.example/c", "code": "a"}}}}]}}]',
        "item 1 is a choice of http://ours.example/c#a",
    ),
    "questionnaire-limit": (
        f'{_ITEM}"valueString": "abcd"}}]}}]',
        f'{_ITEM}"valueString": "abc"}}]}}]',
        "item 1 has maxLength 3",
    ),
    "questionnaire-text": (
        '"item": [{"linkId": "1", "text": "Lives with others?"}]',
        '"item": [{"linkId": "1", "text": "Lives alone?"}]',
        'the text of item 1 is "Lives alone?"',
    ),
    "questionnaire-period": (
        '"authored": "2027-01-02"',
        '"authored": "2026-12-30"',
        "the Questionnaire's effectivePeriod ends 2026-12-31",
    ),
    "questionnaire-undecided": (
        "an answer from a value set of SNOMED CT codes, which no package holds",
        "the same with a package that holds the value set's codes",
        "",
    ),
    "questionnaire-condition": (
        '"enableWhen": [{"question": "9", "operator": "exists", "answerBoolean": true}]',
        '"enableWhen": [{"question": "1", "operator": "exists", "answerBoolean": true}]',
        "a Questionnaire with the items 1 and 2",
    ),
}
"""Wrong, right and what the Questionnaire says, by the id of the rule."""
