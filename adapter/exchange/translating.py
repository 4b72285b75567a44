"""From the bytes of a submission to a message, and from the answer to a partner's own format."""

from typing import Any

from adapter.exchange.submission import RecordReply, Reply, Submission, refusal
from adapter.fhir import json as fhir_json
from adapter.fhir import wire
from adapter.mapping import Mapping
from adapter.support.errors import MappingError, ParseError


def parse(submission: Submission) -> dict[str, Any]:
    try:
        return wire.parse(submission.body, submission.media_type)
    except ParseError as error:
        raise refusal(400, "structure", "not-readable", str(error)) from error


def translate(mapping: Mapping, submission: Submission) -> tuple[dict[str, Any], bytes]:
    try:
        bundle = mapping.to_fhir(submission.body).bundle
    except ParseError as error:
        raise refusal(400, "structure", "not-readable", str(error)) from error
    except MappingError as error:
        raise refusal(422, "processing", "record-not-mapped", str(error)) from error
    return bundle, fhir_json.serialize(bundle)


def record_reply(mapping: Mapping, body: bytes, reply: Reply) -> RecordReply:
    issues = reply.resource.get("issue", [])
    code = "ok" if reply.status == 200 else "transient-error" if reply.status >= 500 else "fatal-error"
    reason = "; ".join(issue["details"]["text"] for issue in issues)
    acknowledgement = mapping.acknowledge(
        mapping.message_id(body), code, reason, sorted({issue["code"] for issue in issues})
    )
    return RecordReply(
        reply.status,
        acknowledgement,
        mapping.media_type,
        reply.retry_after,
        reply.event,
        reply.result,
        reply.test_person,
    )
