"""What became of mutants: the journal of a machine, the list of survivors with why, and what is told at the end."""

import json
import math
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from mutants import Mutant

_ROOT = Path(__file__).resolve().parents[2]
SURVIVORS = Path(__file__).parent / "survivors.json"
JOURNAL = _ROOT / "build" / "mutants.jsonl"
"""What became of each mutant that was tried here, the newest last: what killed it is tried first the next time."""
LEAST = 0.9

Key = tuple[str, str, str, str, str, int]
"""Group, then the key of a mutant."""

Outcome = Literal["killed", "timeout", "survived", "unreached"]
"""`timeout` is a kind of killed; `unreached` one of survived, where no test runs the line."""


@dataclass
class Result:
    """What became of a mutant, and which test found it."""

    mutant: Mutant
    outcome: Outcome
    by: str = ""

    @property
    def lives(self) -> bool:
        """Whether no test noticed."""
        return self.outcome in ("survived", "unreached")


def journal(group: str) -> dict[tuple[Any, ...], tuple[str, str]]:
    """Outcome and finder of each mutant when it was last tried here."""
    if not JOURNAL.exists():
        return {}
    rows = map(json.loads, JOURNAL.read_text(encoding="utf-8").splitlines())
    return {tuple(row[1:-2]): (row[-2], row[-1]) for row in rows if row[0] == group}


def note(group: str, result: Result) -> None:
    """Adds to the journal."""
    JOURNAL.parent.mkdir(exist_ok=True)
    with JOURNAL.open("a", encoding="utf-8") as file:
        row = [group, *result.mutant.key, result.outcome, result.by]
        file.write(json.dumps(row, ensure_ascii=False) + "\n")


def known() -> dict[Key, str]:
    """Why each survivor lives, of those that are listed."""
    if not SURVIVORS.exists():
        return {}
    listed = json.loads(SURVIVORS.read_text(encoding="utf-8"))
    return {
        (each["group"], each["module"], each["function"], each["before"], each["after"], each["nth"]): each["why"]
        for each in listed
    }


def tell(results: list[Result], every: set[Key], group: str, *, by_lot: bool, update: bool) -> bool:
    """Prints the table and what lives without a reason; true where enough is killed and each survivor has a reason.
    `by_lot`: those tried are all, or were drawn from all by lot."""
    _table(results)
    sys.stdout.write(_share(results, len(every), by_lot=by_lot) + "\n")
    reasons = known()
    tried = {(group, *result.mutant.key) for result in results}
    living = {(group, *result.mutant.key) for result in results if result.lives}
    for result in results:
        mutant = result.mutant
        if result.lives and not reasons.get((group, *mutant.key)):
            place = f"{mutant.module}.py:{mutant.lines.start} {mutant.function or ''}"
            sys.stdout.write(f"{result.outcome}: {place}\n    {mutant.before}\n    {mutant.after}\n")
    for key in sorted(key for key in reasons if key in tried - living):
        sys.stdout.write(f"listed, and killed: {key}\n")
    if update:
        _write(reasons, every, tried, living)
    return len(living) <= (1 - LEAST) * len(results) and all(reasons.get(key) for key in living)


def interval(killed: int, tried: int, of: int) -> tuple[float, float]:
    """Between which shares that of all mutants lies, with a confidence of 95 %, where those tried were drawn by lot:
    Wilson's interval, for a sample without replacement from so many."""
    if tried >= of:
        return killed / tried, killed / tried
    spread = 1.96**2 * (of - tried) / (of - 1) / tried
    share = killed / tried
    middle = (share + spread / 2) / (1 + spread)
    width = math.sqrt(spread * share * (1 - share) + spread**2 / 4) / (1 + spread)
    return middle - width, middle + width


def _share(results: list[Result], of: int, *, by_lot: bool) -> str:
    tried, living = len(results), sum(result.lives for result in results)
    least, most = interval(tried - living, tried, of)
    told = f"{tried} of {of} tried: {tried - living} killed, {living} living, {1 - living / tried:.1%} killed"
    sure = f"; a sample: of all, {least:.1%} to {most:.1%} with 95 % confidence" if tried < of and by_lot else ""
    return told + sure


def _table(results: list[Result]) -> None:
    by_module: dict[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        by_module[result.mutant.module][result.outcome] += 1
    row = "{:14} {:>8} {:>8} {:>8} {:>9} {:>10} {:>7}\n"
    sys.stdout.write(row.format("module", "mutants", "killed", "timeout", "survived", "unreached", "killed"))
    whole = Counter[str](result.outcome for result in results)
    for name, outcomes in [*sorted(by_module.items()), ("all", whole)]:
        cells = [outcomes[each] for each in ("killed", "timeout", "survived", "unreached")]
        share = (outcomes["killed"] + outcomes["timeout"]) / outcomes.total()
        sys.stdout.write(row.format(name, outcomes.total(), *cells, f"{share:.1%}"))


def _write(reasons: dict[Key, str], every: set[Key], tried: set[Key], living: set[Key]) -> None:
    """The survivors of what was tried, and those listed before that were not tried and are still there."""
    modules = {key[:2] for key in every}
    kept = {key: why for key, why in reasons.items() if key[:2] not in modules or key in every - tried}
    kept |= {key: reasons.get(key, "") for key in living}
    names = ("group", "module", "function", "before", "after", "nth")
    listed = [dict(zip(names, key, strict=True)) | {"why": kept[key]} for key in sorted(kept)]
    SURVIVORS.write_text(json.dumps(listed, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
