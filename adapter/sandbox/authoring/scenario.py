"""An invented case as a person writes it: who takes part, what each message says, and what must come of it.

The file is `journey.yaml` in a folder of fixtures/journeys; its words are explained in fixtures/README.md.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from adapter.authoring.content import Content
from adapter.authoring.parties import REGISTERED, SPECIAL, Address, Person, Unit
from adapter.authoring.stay import StayChange, Strict
from adapter.fhir.canonical import PERSONNUMMER, RESERVNUMMER, SAMORDNINGSNUMMER
from adapter.support import yaml
from adapter.support.errors import AdapterError

Role = str
"""The name that a scenario gives to a unit, such as `ehr`, `open-care` or `municipality`."""
_SYSTEMS = {
    "personnummer": PERSONNUMMER,
    "samordningsnummer": SAMORDNINGSNUMMER,
    "reservnummer": RESERVNUMMER,
}


class Party(Strict):
    """Who takes part. `unit` is an HSA-id; `kommunkod` has four digits and belongs to a municipality; `system` is the
    software that its messages name, `endpoint` its logical address."""

    unit: str
    name: str
    kind: Literal["inpatient", "open-care", "municipal-receiving", "municipal", "mobile-team"]
    kommunkod: Annotated[str, Field(pattern=r"^\d{4}$")] | None = None
    endpoint: str
    system: str

    def author(self) -> Unit:
        """The unit as the author of messages knows it."""
        return Unit(self.unit, self.name, self.endpoint, self.system)


class PostalAddress(Strict):
    line: tuple[str, ...]
    postal_code: str
    city: str


class PersonWords(Strict):
    """The patient; numbers are Skatteverket's test numbers. `address` is the folkbokföringsadress and
    `special_address` the särskild postadress."""

    personnummer: str | None = None
    samordningsnummer: str | None = None
    reservnummer: str | None = None
    family: str
    given: tuple[str, ...]
    address: PostalAddress | None = None
    special_address: PostalAddress | None = None
    labels: tuple[Literal["skyddadFolkbokforing", "sekretessmarkering"], ...] = ()

    def author(self) -> Person:
        """The person as the author of messages knows her or him."""
        numbers = ((system, getattr(self, name)) for name, system in _SYSTEMS.items())
        addresses = ((REGISTERED, self.address), (SPECIAL, self.special_address))
        return Person(
            tuple((system, value) for system, value in numbers if value),
            self.family,
            self.given,
            tuple(Address(kind, each.line, each.postal_code, each.city) for kind, each in addresses if each),
            self.labels,
        )


class TaskChange(Strict):
    """A Task that a step asks, answers or changes. `of` is the role that owns it; words that are not given stay."""

    task: str
    """a code of task-code"""
    of: Role
    status: str | None = None
    reason: str | None = None
    """a code of task-status-reason"""
    reason_text: str | None = None
    business: str | None = None
    """a code of task-business-status"""
    proposal: str | None = None
    """what the owner proposes instead"""
    criteria: tuple[str, ...] = ()
    """codes of enrolment-criterion that are met"""
    aborts: str | None = None
    """for the code abort: the code of the Task of the same owner that is to stop"""
    why: str | None = None
    """for the code abort: a code of task-status-reason"""


class Answer(Strict):
    """A message that a receiver sends by itself because of the step. `status` is that of the Task it answers."""

    event: str
    sender: Role = Field(alias="from")
    receiver: Role = Field(alias="to")
    status: Literal["accepted", "rejected", "received"] | None = None


class Finding(Strict):
    """One issue that must be told: the lasting id of its rule and, where it has one, its FHIRPath location."""

    rule: str
    location: str | None = None


class Expectation(Strict):
    """What the adapter must answer to a message, and how often each receiver must store it."""

    http_status: int = 200
    acknowledgement: Literal["ok", "transient-error", "fatal-error"] | None = "ok"
    issues: tuple[str, ...] = ()
    """codes of the issues in the answer"""
    findings: tuple[Finding, ...] = ()
    side_effects: int = 1
    """how often each receiver stores the message, however often it was sent"""


class Step(Strict):
    """One message. `file` is its name without suffix: JSON and XML twins lie beside each other. Steps stand in the
    order in which they were written; `at` is the time that the message states."""

    file: str
    event: str
    at: str
    sender: Role
    receivers: tuple[Role, ...]
    stay: StayChange | Literal[False] | None = None
    """what is new about the stay; false where the message is not about one"""
    asks: str | None = None
    """a code of task-code that every receiver is asked"""
    tasks: tuple[TaskChange, ...] = ()
    says: tuple[Content, ...] = ()
    person: PersonWords | None = None
    """the patient as known from this message on, where something has changed"""
    answers_to: str | None = None
    corrects: str | None = None
    """the file that this one corrects or retracts"""
    reason: str | None = None
    """of a retraction: a code of retraction-reason"""
    occurred: str | None = None
    """when what is told happened, where that is not when it was sent"""
    repeats: str | None = None
    """the file that is sent once more as it is; there is then no file of this name"""
    profile: str | None = None
    """the profile that the message claims"""
    held: bool = False
    answers: tuple[Answer, ...] = ()
    expect: Expectation = Expectation()


class DutyWords(Strict):
    """A duty as it must stand at the end: rule and state of `discharge.deadlines`, `due` with offset."""

    rule: str
    to: Role | None = None
    due: str | None = None
    state: str


class LiabilityWords(Strict):
    """A municipality's payment as `discharge.payment` must reckon it: first day and first day after, or the conditions
    that fail."""

    kommunkod: str
    start: str | None = None
    stop: str | None = None
    days: int | None = None
    failing: tuple[str, ...] = ()


class Outcome(Strict):
    """What must be so when all messages have come: of the case its phase, of each Task (`code of role`) its status,
    of the plan its status, of each role the files it has received in order, and the duties and payments as of `at`,
    where nothing is agreed."""

    phase: str
    tasks: dict[str, str] = Field(default_factory=dict)
    plan: str | None = None
    receives: dict[Role, tuple[str, ...]]
    missing: int = 0
    at: str | None = None
    duties: tuple[DutyWords, ...] = ()
    payment: tuple[LiabilityWords, ...] = ()


class Scenario(Strict):
    """A whole journey. `seed` makes its identifiers."""

    title: str
    shows: str
    seed: str
    person: PersonWords
    parties: dict[Role, Party]
    steps: tuple[Step, ...]
    order: tuple[str, ...] = ()
    """the files in the order of their arrival, where that is not the order of the steps"""
    outcome: Outcome

    @property
    def arrivals(self) -> list[Step]:
        """The steps in the order in which they come to the adapter."""
        by_file = {step.file: step for step in self.steps}
        return [by_file[file] for file in self.order] or list(self.steps)

    @model_validator(mode="after")
    def _known_names(self) -> "Scenario":
        files = {step.file for step in self.steps}
        if self.order and sorted(self.order) != sorted(files):
            raise ValueError("order must name every file once")
        for step in self.steps:
            roles = {step.sender, *step.receivers, *(task.of for task in step.tasks)}
            roles |= {role for answer in step.answers for role in (answer.sender, answer.receiver)}
            if missing := sorted(roles - self.parties.keys()):
                raise ValueError(f"step {step.file} names {', '.join(missing)}, not among the parties")
            named = [name for name in (step.answers_to, step.corrects, step.repeats) if name]
            if unknown := sorted(name for name in named if name not in files):
                raise ValueError(f"step {step.file} names {', '.join(unknown)}, not among the files")
        return self


def read(file: Path) -> Scenario:
    """Read a journey.yaml. Raises AdapterError with file and reason."""
    try:
        return Scenario.model_validate(yaml.load(file)[0])
    except (OSError, ValidationError) as error:
        raise AdapterError(f"{file} cannot be used: {error}") from error
