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
from adapter.validation import Validator, messages

EXAMPLE = Path(__file__).parents[2] / "example"


def test_the_message_of_the_example_is_valid_and_has_a_way_to_each_receiver(tmp_path):
    shutil.copytree(EXAMPLE, tmp_path / "example")
    directory = Directory.load(tmp_path / "example" / "directory")
    message = MessageBundle(fhir_json.parse((EXAMPLE / "admission-notice.json").read_bytes()))

    assert messages.check(message.bundle) == []
    validator = Validator.load(packages=["hl7.fhir.r4.core#4.0.1"])
    assert validator.validate(message.bundle).valid
    today = datetime.now(UTC).date()
    ways = dispatch.routes(message, directory, today)
    assert [route.endpoint.id for _, route in ways] == ["lifecare-spu", "ehr-fhir"]
    mappings = {"lifecare": Mapping.load(shipped("mappings") / "lifecare")}
    assert all(draft.body for draft in dispatch.drafts(message, ways, mappings, Outgoing(validator)))
    assert message.hsa_of(message.header["sender"]) in directory.units_of("region-fjallvik", today)
