"""How long the follow-up takes over many cases, and how much memory: cases are made in a SQLite file, then counted.

python benchmarks/follow_up.py --cases 1000000
"""

import argparse
import json
import random
import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, text

from adapter.directory import Directory
from adapter.exchange.agreements import Agreements
from adapter.exchange.follow_ups import FollowUps, Period
from adapter.security.principals import LOCAL_OPERATOR
from adapter.store import migrate, tables
from adapter.store.database import Database
from adapter.support.clock import ManualClock, to_micros

MUNICIPALITIES = 30
WARDS = 40
BATCH = 2_000
NOW = datetime(2026, 3, 1, tzinfo=UTC)
FIRST, LAST = date(2025, 1, 1), date(2025, 12, 1)


def directory(folder: Path) -> Directory:
    lines = ["parties:", "  - {id: region, kind: region, name: Regionen}"]
    lines += [
        f'  - {{id: kommun-{n}, kind: municipality, name: Kommun {n}, kommunkod: "{1000 + n}"}}'
        for n in range(MUNICIPALITIES)
    ]
    lines += ["units:"]
    lines += [f"  - {{hsa: SE2321000016-W{n}, name: Avdelning, kind: inpatient, party: region}}" for n in range(WARDS)]
    lines += [
        f"  - {{hsa: SE2120000001-H{n}, name: Mottagare, kind: municipal-receiving, party: kommun-{n}}}"
        for n in range(MUNICIPALITIES)
    ]
    folder.mkdir()
    (folder / "directory.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Directory.load(folder)


def case(chance: random.Random, number: int) -> Iterator[dict[str, Any]]:
    """The facts of a stay in 2025: six messages."""
    home, ward = chance.randrange(MUNICIPALITIES), f"SE2321000016-W{chance.randrange(WARDS)}"
    unit, party = f"SE2120000001-H{home}", f"kommun-{home}"
    admitted = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(355 * 24 * 60))
    ready = admitted + timedelta(hours=chance.randrange(12, 240))
    left = ready + timedelta(hours=min(chance.expovariate(1 / 48), 1000))
    told = admitted + timedelta(hours=chance.choice((1, 5, 20, 30)))
    messages: list[tuple[str, datetime, dict[str, str], bool]] = [
        ("admission-notice", told, {"admission": admitted.isoformat(timespec="seconds")}, True),
        ("acceptance-answer", told + timedelta(hours=chance.randrange(1, 60)), {}, False),
        ("ready-for-discharge", ready, {"ready_assessed": ready.isoformat(timespec="seconds")}, True),
        ("read-receipt", ready + timedelta(hours=1), {}, False),
        ("sip-invitation", ready + timedelta(hours=chance.randrange(1, 120)), {}, True),
        ("discharge-notice", left, {"discharge": left.isoformat(timespec="seconds")}, True),
    ]
    for event, at, instants, from_ward in messages:
        yield {
            "case_id": f"case|{number}",
            "event": event,
            "sender_party": "region" if from_ward else party,
            "sender_unit": ward if from_ward else unit,
            "receivers": [{"unit": unit, "party": party}] if from_ward else [],
            "instants": instants,
            "detail": {
                "header_id": f"{number}-{event}",
                "happened_at": to_micros(at),
                "tasks": [{"identifier": f"t{number}", "status": "accepted"}] if event == "acceptance-answer" else [],
                "statements": {},
                "previous": None,
                "answers": f"{number}-ready-for-discharge" if event == "read-receipt" else None,
                "revises": None,
            },
            "recorded_at": to_micros(at),
        }


def fill(database: Database, cases: int) -> None:
    """Every twentieth case is one of the person before it: a re-admission."""
    chance, patient = random.Random(1), 0
    with database.write() as connection:
        message = _message(connection)
    for start in range(0, cases, BATCH):
        persons, rows = [], []
        for number in range(start, min(start + BATCH, cases)):
            if number % 20 or not patient:
                patient += 1
                persons.append({"id": patient, "created_at": 0})
            rows += [fact | {"patient_id": patient, "message_id": message} for fact in case(chance, number)]
        with database.write() as connection:
            connection.execute(insert(tables.patient), persons)
            connection.execute(insert(tables.fact), rows)


def _message(connection: Connection) -> int:
    found: int = connection.execute(
        insert(tables.message)
        .values(
            status="accepted",
            source="fhir",
            content_hash="0",
            received_at=0,
            http_status=200,
            size=1,
            config_version="0",
            issues=[],
        )
        .returning(tables.message.c.id)
    ).scalar_one()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000)
    cases = parser.parse_args().cases
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = Database(f"sqlite:///{folder / 'adapter.db'}")
        migrate.upgrade(database)
        started = time.perf_counter()
        fill(database, cases)
        with database.write() as connection:
            connection.execute(text("PRAGMA optimize"))
        filled = time.perf_counter()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        follow_ups = FollowUps(database, directory(folder / "directory"), Agreements(), ManualClock(NOW), 5)
        report = follow_ups.report(LOCAL_OPERATOR, Period(FIRST, LAST))
        done = time.perf_counter()
        found = {
            "cases": cases,
            "made_seconds": round(filled - started, 1),
            "counted_seconds": round(done - filled, 1),
            "cases_per_second": round(cases / (done - filled)),
            "memory_mib_before": before // 1024,
            "memory_mib_most": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "figures": len(report.figures),
            "hidden": sum(figure.hidden for figure in report.figures),
        }
        database.close()
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
