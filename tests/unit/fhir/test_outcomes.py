"""OperationOutcome from issues."""

from fhir.resources.R4B.operationoutcome import OperationOutcome

from adapter.fhir.outcomes import RULE, Issue, Rule, errors, to_fhir, worst

ERROR = Issue("error", "required", "MessageHeader.sender is missing", ("MessageHeader.sender",), "msg-sender")
WARNING = Issue("warning", "not-supported", "not checked", profile="http://example.org/profile")


def test_an_issue_says_rule_location_and_words() -> None:
    assert to_fhir([ERROR])["issue"] == [
        {
            "severity": "error",
            "code": "required",
            "details": {"coding": [{"system": RULE, "code": "msg-sender"}], "text": ERROR.message},
            "diagnostics": ERROR.message,
            "expression": ["MessageHeader.sender"],
        }
    ]


def test_what_is_absent_is_left_out() -> None:
    (issue,) = to_fhir([WARNING])["issue"]
    assert "expression" not in issue
    assert "coding" not in issue["details"]
    assert issue["diagnostics"] == "not checked [http://example.org/profile]"


def test_no_issues_still_make_a_valid_outcome() -> None:
    OperationOutcome.model_validate(to_fhir([]))
    OperationOutcome.model_validate(to_fhir([ERROR, WARNING]))
    assert [issue["severity"] for issue in to_fhir([])["issue"]] == ["information"]


def test_worst_and_errors() -> None:
    assert worst([]) is None
    assert worst([WARNING, ERROR]) == "error"
    assert worst([WARNING, Issue("fatal", "structure", "")]) == "fatal"
    assert errors([WARNING, ERROR, Issue("fatal", "structure", "")])[0] is ERROR


def test_a_rule_makes_its_issue() -> None:
    rule = Rule("x-1", "value", "cause", "mend", severity="warning")
    assert rule.issue("found", "a", "b") == Issue("warning", "value", "found", ("a", "b"), "x-1")
