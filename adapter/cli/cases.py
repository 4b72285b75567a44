"""`adapter case` and `adapter payment`: where a case stands, who owes what until when, and who pays."""

import sys
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from adapter.cli import output
from adapter.cli.context import DEFAULT_CONFIG, Config, Json, Reason, installation, operator

if TYPE_CHECKING:
    from adapter.discharge.deadlines import Duty
    from adapter.discharge.payment import Liability
    from adapter.exchange.cases import Case
    from adapter.exchange.reckonings import Month

app = typer.Typer(no_args_is_help=True, help="What municipalities answer for, month by month.")

Kommunkod = Annotated[str, typer.Argument(metavar="KOMMUNKOD", help="the municipality: four digits")]
Of = Annotated[datetime, typer.Argument(metavar="MONTH", formats=["%Y-%m"], help="such as 2026-03")]
_HOLDS = {True: "yes", False: "NO", None: "not known"}


def case(
    case_id: Annotated[str, typer.Argument(metavar="CASE", help="as `adapter messages list` names it")],
    reason: Reason = "",
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show a case: its state, every duty with its paragraph and time, and what each municipality answers for, line by
    line."""
    with installation(config) as adapter:
        found = adapter.cases.show(operator(), case_id, reason)
    if as_json:
        output.print_json(found)
        return
    phase = output.PROTECTED if found.protected else found.state["phase"]
    output.print_fields([("case", found.case), ("phase", phase), ("agreement", found.agreement)])
    duties = (
        (
            duty.state.value,
            duty.rule,
            duty.paragraph,
            duty.owes,
            duty.to,
            output.local(duty.due),
            output.local(duty.done),
        )
        for duty in found.duties
    )
    output.print_table(("state", "duty", "paragraph", "owes", "to", "due", "done"), duties, "No duties.")
    for each in found.payments:
        _print_liability(each)
    _print_planning(found)


@app.command()
def month(
    kommunkod: Kommunkod,
    month: Of,
    as_csv: Annotated[bool, typer.Option("--csv", help="print the stays as CSV (UTF-8, semicolons)")] = False,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Show a municipality's month: every stay that ended in it, the mean, and what is owed by the agreement."""
    with installation(config) as adapter:
        found = adapter.reckonings.month(operator(), kommunkod, month.date())
    if as_csv:
        from adapter.exchange.reckonings import as_table

        sys.stdout.write(as_table(found))
    else:
        _print_month(found, as_json=as_json)


@app.command()
def freeze(
    kommunkod: Kommunkod,
    month: Of,
    reason: Reason,
    config: Config = DEFAULT_CONFIG,
    as_json: Json = False,
) -> None:
    """Make a month final, once the time for disputes is over. It is never changed afterwards."""
    with installation(config) as adapter:
        found = adapter.reckonings.freeze(operator(), kommunkod, month.date(), reason)
    _print_month(found, as_json=as_json)


def _duty(duty: "Duty") -> tuple[object, ...]:
    times = output.local(duty.due), output.local(duty.done)
    return duty.state.value, duty.rule, duty.paragraph, duty.owes, duty.to, *times


def _print_planning(found: "Case") -> None:
    planning, asked = found.sip, found.enrolment
    output.print_line("")
    output.print_fields(
        [
            ("way in", planning.way.value),
            ("consent to the plan", planning.gate.value),
            ("to call", planning.calls),
            ("meeting", planning.meeting or ""),
            ("plan", " ".join(filter(None, (planning.plan_kind, planning.plan_status)))),
            ("answer for measures", " ".join(planning.huvudmen)),
            ("follow-up", planning.follow_up or ""),
            ("enrolment", "" if asked is None else f"{asked.result.value} (by {asked.clause})"),
        ]
    )
    if planning.responses:
        rows = ((each.unit, each.status, output.local(each.contributed)) for each in planning.responses)
        output.print_table(("called", "answer", "own part"), rows, "")
    for each in found.state["disagreements"]:
        how = "settled" if each["settled"] else "NOT SETTLED"
        output.print_line(f"disagreement about {each['about']}, raised {each['raised']}: {how}")
    for step in found.escalations:
        how = "open" if step.is_open else "acknowledged" if step.acknowledged else "over"
        output.print_line(f"escalation {step.id}, step {step.step + 1}: {step.trigger} of {step.rule}: {how}")


def _print_liability(found: "Liability") -> None:
    output.print_line("")
    output.print_line(f"Municipality {found.kommunkod}: {_owed(found.start, found.stop, found.days, found.amount)}")
    rows = (
        (
            _HOLDS[each.holds],
            each.rule,
            each.paragraph,
            "look at it: late" if each.review else "",
            " ".join(each.rests_on),
        )
        for each in found.conditions
    )
    output.print_table(("holds", "condition", "paragraph", "", "messages"), rows, "")
    output.print_line(f"by {found.clause}", "dim")


def _owed(start: date | None, stop: date | None, days: int | None, amount: int | None) -> str:
    if days is None:
        return "not liable"
    money = "amount not known" if amount is None else f"{amount} SEK"
    return f"{days} days, from {start} until before {stop} ({money})"


def _print_month(found: "Month", *, as_json: bool) -> None:
    from adapter.exchange.reckonings import written

    now = written(found.reckoning)
    if as_json:
        told = {
            "phase": found.phase,
            "now": now,
            "frozen": found.frozen,
            "since": found.since,
            "by_hand": found.by_hand,
        }
        output.print_json(told)
        return
    shown = now if found.frozen is None else found.frozen.content
    state = found.phase.value if found.frozen is None else f"frozen {output.local(found.frozen.at)}"
    names = ("persons", "days", "mean", "threshold", "excess_days", "individual_days", "amount", "clause")
    head = [("municipality", shown["kommunkod"]), ("month", shown["month"]), ("state", state)]
    output.print_fields([*head, *((name.replace("_", " "), shown[name]) for name in names)])
    columns = ("case", "ready", "discharge", "days", "share", "individual_days", "failing", "review", "disputed")
    rows = ([_cell(stay.get(name, "")) for name in columns] for stay in shown["stays"])
    output.print_table([name.replace("_", " ") for name in columns], rows, "No stay ended in the month.")
    for each in found.since:
        output.print_line(f"since it was frozen: {each['case']}, {_change(each['then'], each['now'])}", "yellow")
    if found.by_hand:
        output.print_line(f"{found.by_hand} stays of protected persons, of any municipality, are reckoned by hand.")


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "yes" if value else ""
    return " ".join(map(str, value)) if isinstance(value, list) else value


def _change(then: object, now: object) -> str:
    if then is None:
        return "became known"
    return "is no longer there" if now is None else "is another"
