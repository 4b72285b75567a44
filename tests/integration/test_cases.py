"""A case as the law sees it, from messages that were received; and the month that it ends in, over the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner

from adapter.cli.main import app
from adapter.exchange.cases import Case
from adapter.security.principals import Right
from adapter.store import tables
from adapter.support.errors import NotFoundError
from tests.integration.conftest import Installation


@pytest.fixture
def case(installation: Installation, messages: Callable[[str], list[dict[str, Any]]]) -> str:
    """A case of which everything has been sent, by whoever sends it."""
    for message in messages("case"):
        reply = next(
            (found for party in ("region", "kommun") if (found := installation.send(message, party)).status == 200),
            None,
        )
        assert reply is not None
    with installation.adapter.database.read() as connection:
        return str(connection.execute(select(tables.case_state.c.case_id)).scalar_one())


def shown(installation: Installation, case: str, party: str) -> Case:
    return installation.adapter.cases.show(installation.principal(party, Right.LIST), case)


def test_operations_see_every_duty_and_who_pays(installation: Installation, case: str) -> None:
    found = installation.adapter.cases.show(installation.operator, case)
    assert found.agreement == "statutory SFS 2025:449"
    assert {"admission-notice-in-time", "ready-notice", "sip-invitation-in-time"} <= {
        each.rule for each in found.duties
    }
    assert [each.kommunkod for each in found.payments] == ["2482"]
    with installation.adapter.database.read() as connection:
        seen = connection.execute(select(tables.audit.c.action, tables.audit.c.patient_id)).all()
    assert [(row.action, row.patient_id is not None) for row in seen] == [("case-view", True)]


def test_a_receiver_sees_its_own_part_and_a_stranger_no_case(installation: Installation, case: str) -> None:
    own = shown(installation, case, "kommun")
    assert {duty.to for duty in own.duties if duty.to} == {"SE2120002643-MOTT01"}
    assert "SE2321000222-HC2074" in {duty.to for duty in shown(installation, case, "region").duties}
    for party, named in (("annan", case), ("region", "no such case")):
        with pytest.raises(NotFoundError, match="there is no such case"):
            shown(installation, named, party)


def test_of_a_protected_person_nothing_tells_where_somebody_is(installation: Installation, case: str) -> None:
    with installation.adapter.database.write() as connection:
        connection.execute(update(tables.patient).values(protected=True))
    found = installation.adapter.cases.show(installation.operator, case)
    assert found.protected
    assert ({duty.to for duty in found.duties}, found.payments, found.agreement) == ({""}, (), "")
    assert ({duty.clause for duty in found.duties}, found.sip.responses, found.sip.adjusted) == ({""}, (), ())


def run(folder: Path, *words: str) -> Any:
    return CliRunner().invoke(app, [*words, "--config", str(folder / "adapter.toml")])


def test_the_commands_show_a_case_and_a_month(installation: Installation, case: str) -> None:
    told = run(installation.folder, "case", case)
    assert told.exit_code == 0, told.output
    assert "admission-notice-in-time" in told.output
    assert "Municipality 2482:" in told.output
    assert "consent to the plan" in told.output
    data = json.loads(run(installation.folder, "case", case, "--json").output)
    assert (data["sip"]["gate"], data["sip"]["way"], data["enrolment"]) == ("consented", "inpatient-discharge", None)
    assert data["sip"]["called_in_turn"] is True
    assert (data["state"]["disagreements"], data["escalations"]) == ([], [])
    assert data["case"] == case
    day = installation.adapter.clock.now().strftime("%Y-%m")
    month = run(installation.folder, "payment", "month", "2482", day)
    assert month.exit_code == 0, month.output
    assert "running" in month.output
    assert json.loads(run(installation.folder, "payment", "month", "2482", day, "--json").output)["phase"] == "running"
    table = run(installation.folder, "payment", "month", "2482", day, "--csv")
    assert table.output.splitlines()[0] == "case;ready;discharge;days;share;individual_days;failing;review;disputed"
    assert case in table.output
    early = run(installation.folder, "payment", "freeze", "2482", day, "--reason", "månadens underlag")
    assert early.exit_code != 0
    missing = run(installation.folder, "case", "no such case")
    assert missing.exit_code != 0
