"""The error contract, class by class."""

import pytest

from adapter.delivery.channels.base import Acknowledgement, Answer, Code, Fault
from adapter.delivery.policy import Kind, classify

OK = Acknowledgement(Code.OK)
TRANSIENT = Acknowledgement(Code.TRANSIENT, "come back later", frozenset({"lock-error"}))
FATAL = Acknowledgement(Code.FATAL, "no such unit", frozenset({"business-rule"}))
DUPLICATE = Acknowledgement(Code.FATAL, "seen before", frozenset({"duplicate"}))


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.CONNECT, Kind.RETRY),
        (Fault.TIMEOUT, Kind.RETRY),
        (Fault.BROKEN, Kind.RETRY),
        (Fault.TOO_LARGE, Kind.RETRY),
        (Fault.TLS, Kind.TRIP),
        (Fault.CREDENTIALS, Kind.TRIP),
    ],
)
def test_faults(fault: Fault, kind: Kind):
    assert classify(Answer(fault=fault)).kind is kind


def test_every_fault_has_a_verdict():
    assert all(classify(Answer(fault=fault)).signature for fault in Fault)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
@pytest.mark.parametrize(
    ("said", "kind"), [(OK, Kind.DONE), (TRANSIENT, Kind.RETRY), (FATAL, Kind.DEAD), (None, Kind.RETRY)]
)
def test_2xx_is_what_the_acknowledgement_says(status: int, said: Acknowledgement | None, kind: Kind):
    verdict = classify(Answer(status=status, acknowledgement=said))
    assert verdict.kind is kind
    assert verdict.acknowledgement == (said.code.value if said else None)


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308])
@pytest.mark.parametrize("said", [None, OK])
def test_3xx_is_another_voice(status: int, said: Acknowledgement | None):
    assert classify(Answer(status=status, acknowledgement=said)).kind is Kind.TRIP


@pytest.mark.parametrize("status", [401, 403, 410])
@pytest.mark.parametrize("said", [None, FATAL])
def test_not_let_in_or_gone_trips_whatever_the_body(status: int, said: Acknowledgement | None):
    assert classify(Answer(status=status, acknowledgement=said)).kind is Kind.TRIP


@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 599])
@pytest.mark.parametrize("said", [None, FATAL, TRANSIENT])
def test_transient_status_is_transient_whatever_the_body(status: int, said: Acknowledgement | None):
    verdict = classify(Answer(status=status, acknowledgement=said, retry_after=7.0))
    assert (verdict.kind, verdict.retry_after) == (Kind.RETRY, 7.0)


@pytest.mark.parametrize("status", [400, 404, 405, 406, 409, 413, 415, 422])
def test_4xx_with_the_receivers_own_words_is_dead(status: int):
    verdict = classify(Answer(status=status, acknowledgement=FATAL, retry_after=7.0))
    assert (verdict.kind, verdict.acknowledgement, verdict.retry_after) == (Kind.DEAD, "fatal-error", None)
    assert "no such unit" in verdict.reason
    assert "no such unit" not in verdict.signature


@pytest.mark.parametrize("status", [400, 404, 405, 407, 409, 413, 422])
def test_4xx_without_them_trips(status: int):
    assert classify(Answer(status=status)).kind is Kind.TRIP


def test_409_duplicate_has_arrived():
    verdict = classify(Answer(status=409, acknowledgement=DUPLICATE))
    assert (verdict.kind, verdict.acknowledgement) == (Kind.DONE, "duplicate")


@pytest.mark.parametrize("status", [400, 422])
def test_duplicate_counts_only_with_409(status: int):
    assert classify(Answer(status=status, acknowledgement=DUPLICATE)).kind is Kind.DEAD


@pytest.mark.parametrize("status", [None, 0, 100, 199])
def test_what_is_no_final_status_is_tried_again(status: int | None):
    assert classify(Answer(status=status)).kind is Kind.RETRY


def test_hostile_words_are_bounded_and_on_one_line():
    said = Acknowledgement(Code.FATAL, "line\r\n\x1b[31mline " + "x" * 100_000)
    reason = classify(Answer(status=422, acknowledgement=said)).reason
    assert len(reason) < 1_100
    assert reason.isprintable()
