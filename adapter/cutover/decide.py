"""What becomes of each case of an export, as far as the export, the plan and the directory tell. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from adapter.cutover.case import Case, merged
from adapter.cutover.export import Entry, Export
from adapter.cutover.plan import Mode, Plan
from adapter.directory import AmbiguousRecipientError, Directory, Receiver, UnknownRecipientError
from adapter.discharge.events import EVENTS
from adapter.support.errors import AdapterError

NO_WAVE = "kommun: the municipality is in no wave of the plan"


@dataclass(frozen=True)
class Weighed:
    """One entry of an export. `refused`: the reasons, none where the case can be carried; `merged_into`: the key of the
    case of the same person and stay that carries its content as well; `receivers`: the units that work in the new
    system; `gaps`: what of the case stays behind."""

    key: str
    place: str
    case: Case | None
    refused: tuple[str, ...] = ()
    merged_into: str | None = None
    receivers: frozenset[str] = frozenset()
    gaps: tuple[str, ...] = ()

    @property
    def protected(self) -> bool:
        return self.case is not None and self.case.protected


def weigh(export: Export, plan: Plan, directory: Directory, on: date) -> list[Weighed]:
    """Every entry, in order; `on` is the day of the routes. Raises AdapterError for an export of another system."""
    if export.system != plan.source:
        raise AdapterError(f"{export.file}: is an export of '{export.system}'; the plan is for one of '{plan.source}'")
    return [_weigh(entry, plan, directory, on) for entry in _joined(export.entries)]


def _joined(entries: Iterable[Entry]) -> list[Weighed]:
    """Entries of the same person and stay become one; where they differ on what both say, neither is carried."""
    found: list[Weighed] = []
    first: dict[tuple[object, ...], int] = {}
    for entry in entries:
        case = entry.case
        if case is None:
            found.append(Weighed(entry.key, entry.place, None, (entry.fault or "cannot be read",)))
            continue
        place = first.setdefault(case.stay, len(found))
        if place == len(found):
            found.append(Weighed(entry.key, entry.place, case))
            continue
        other = found[place]
        whole, conflicts = merged(_case(other), case)
        if conflicts:
            words = "the same person and stay as case {}, and they differ on " + ", ".join(conflicts)
            found[place] = replace(other, refused=(*other.refused, words.format(entry.key)))
            found.append(Weighed(entry.key, entry.place, case, (words.format(other.key),)))
        else:
            found[place] = replace(other, case=whole)
            found.append(Weighed(entry.key, entry.place, case, merged_into=other.key))
    return found


def _case(weighed: Weighed) -> Case:
    if weighed.case is None:
        raise ValueError("a case that cannot be read has no content")
    return weighed.case


def _weigh(weighed: Weighed, plan: Plan, directory: Directory, on: date) -> Weighed:
    case = weighed.case
    if case is None or weighed.refused or weighed.merged_into:
        return weighed
    wave = plan.wave_of(case.municipality)
    if wave is None:
        return replace(weighed, refused=(NO_WAVE,))
    if plan.mode_of(wave) is Mode.WORKLIST:
        return weighed  # who enters a case by hand needs no route
    reasons, gaps = _lacking(case), list[str]()
    reasons += [
        f"{words}: the directory has no such unit on {on}"
        for unit, words in _senders(case)
        if directory.party_of(unit, on) is None
    ]
    receivers = set[str]()
    first = "admission-notice" if case.admission else "home-care-referral"
    for number, request in enumerate(case.requests, start=1):
        system = _system(directory, request.unit, on, first)
        if system is None:
            reasons.append(f"begaran {number}: no route leads to the unit on {on} for what is carried")
        elif system == plan.target:
            receivers.add(request.unit)
        else:
            gaps.append(f"begaran {number}: the unit works in another system, which keeps its case")
    if not receivers and not reasons:
        reasons.append("begaran: none of the units that are asked works in the new system")
    if case.origin.unit in receivers:
        reasons.append("begaran: the ward asks itself; expected another unit")
    for number, called in enumerate(case.invitation.called if case.invitation else (), start=1):
        if _system(directory, called.unit, on, first) == plan.target:
            receivers.add(called.unit)
        else:
            gaps.append(f"kallelse/kallad {number}: the unit does not work in the new system, and is not called there")
    return replace(weighed, refused=tuple(reasons), receivers=frozenset(receivers), gaps=tuple(gaps))


def _lacking(case: Case) -> list[str]:
    """What the admission notice must hold (LAW 2:2) and the export does not. Nothing is invented."""
    if case.admission is None:
        return []
    lacking = []
    if case.admission.estimate is None:
        lacking.append("vistelse/beraknadUtskrivning is missing: no admission notice can be made without it (LAW 2:2)")
    if not case.person.addresses:
        name = "sarskildPostadress" if case.protected else "adress"
        lacking.append(f"person/{name} is missing: no admission notice can be made without it (LAW 2:2)")
    return lacking


def _senders(case: Case) -> list[tuple[str, str]]:
    """The units in whose name messages are written, and where the export names them."""
    found = [(case.origin.unit, "vistelse/enhet" if case.admission else "remiss/enhet")]
    if case.invitation is not None:
        found.append((case.invitation.sender, "kallelse/fran"))
    if case.plan is not None:
        found.append((case.plan.sender, "plan/fran"))
    return found


def _system(directory: Directory, unit: str, on: date, first: str) -> str | None:
    """The system that a unit's messages lead to, from the case's first event to the last; None where there is none, or
    not one for both."""
    systems = set()
    for event in (first, "general-message"):
        try:
            systems.add(directory.route(Receiver(hsa=unit), EVENTS[event].code, on).endpoint.system)
        except (UnknownRecipientError, AmbiguousRecipientError):
            return None
    return systems.pop() if len(systems) == 1 else None
