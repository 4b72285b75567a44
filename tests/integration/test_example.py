"""The example that the README tells of: its message is one that its directory can deliver."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from adapter.directory import Directory
from adapter.exchange import dispatch
from adapter.exchange.outgoing import Outgoing
from adapter.fhir import json as fhir_json
from adapter.fhir.bundles import MessageBundle
from adapter.mapping import Mapping
from adapter.support.paths import shipped
from adapter.support.settings import OWN_PACKAGE
from adapter.validation import Validator
from adapter.validation.whole import MessageValidator

EXAMPLE = Path(__file__).parents[2] / "example"


def test_the_message_of_the_example_is_valid_and_has_a_way_to_each_receiver(tmp_path):
    shutil.copytree(EXAMPLE, tmp_path / "example")
    directory = Directory.load(tmp_path / "example" / "directory")
    message = MessageBundle(fhir_json.parse((EXAMPLE / "admission-notice.json").read_bytes()))

    validator = MessageValidator(Validator.load(packages=[OWN_PACKAGE]))
    assert [issue for issue in validator.issues(message) if issue.severity != "information"] == []
    today = datetime.now(UTC).date()
    ways = dispatch.routes(message, directory, today)
    assert [route.endpoint.id for _, route in ways] == ["lifecare-spu", "ehr-fhir"]
    mappings = {"lifecare": Mapping.load(shipped("mappings") / "lifecare")}
    assert all(draft.body for draft in dispatch.drafts(message, ways, mappings, Outgoing(validator)))
    assert message.hsa_of(message.header["sender"]) in directory.units_of("region-fjallvik", today)
