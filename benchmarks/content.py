"""What benchmarks/validation.py validates: a resource of 2 to 3 kB of each type that discharge planning rests on, and a
profile of it of more than a hundred elements, with local value sets, required and extensible bindings, slices, fixed
values, patterns, targets and invariants.
"""

from typing import Any

from adapter.fhir.json import serialize

BASE = "http://hl7.org/fhir/StructureDefinition/"
CANONICAL = "http://acme.com/fhir/"
CODES = CANONICAL + "CodeSystem/care"
_V3 = "http://terminology.hl7.org/CodeSystem/v3-"
Element = dict[str, Any]
Resource = dict[str, Any]

_VALUE_SETS = {
    "type": "planned acute transfer readmission",
    "priority": "routine urgent",
    "use": "admission discharge comorbidity",
    "place": "ward home short-term",
    "source": "emergency referral home",
    "disposition": "home home-care short-term nursing-home",
    "reason": "fall pain infection stroke",
    "category": "sip discharge-plan",
    "activity": "rehabilitation home-care wound-care follow-up medication",
    "contributor": "region municipality",
    "task": "take-over take-part",
    "section": "function medication aids",
    "performer": "municipality primary-care",
}


_OF_R4 = {"class": (_V3 + "ActCode", "IMP AMB HH"), "role": (_V3 + "ParticipationType", "ATND CON PPRF")}
"""Value sets of codes that R4's packages hold: its own bindings demand them."""


def value_sets() -> list[Resource]:
    """The local code system, and a value set for each binding."""
    concepts = sorted({code for codes in _VALUE_SETS.values() for code in codes.split()})
    system = {"resourceType": "CodeSystem", "url": CODES, "status": "active", "content": "complete"}
    return [
        system | {"caseSensitive": True, "concept": [{"code": code} for code in concepts]},
        *(
            {
                "resourceType": "ValueSet",
                "url": f"{CANONICAL}ValueSet/{name}",
                "status": "active",
                "compose": {"include": [{"system": url, "concept": [{"code": code} for code in codes.split()]}]},
            }
            for name, (url, codes) in (_OF_R4 | {name: (CODES, codes) for name, codes in _VALUE_SETS.items()}).items()
        ),
    ]


def _element(path: str, cardinality: str = "", **rules: Any) -> Element:
    """An element of a differential by its id: `Encounter.identifier:stay.system`."""
    bare = ".".join(step.partition(":")[0] for step in path.split("."))
    element = {"id": path, "path": bare, "mustSupport": True} | rules
    last = path.rpartition(".")[2]
    if ":" in last:
        element["sliceName"] = last.partition(":")[2]
    if cardinality:
        least, _, most = cardinality.partition("..")
        element |= {"min": int(least), "max": most}
    return element


def _bound(name: str, strength: str = "required") -> Element:
    return {"binding": {"strength": strength, "valueSet": f"{CANONICAL}ValueSet/{name}"}}


def _rules(*rules: tuple[str, str]) -> Element:
    return {
        "constraint": [{"key": k, "severity": "error", "human": k, "expression": e} for k, e in rules],
    }


def _sliced(path: str, kind: str = "value", rules: str = "open") -> Element:
    return {"slicing": {"discriminator": [{"type": kind, "path": path}], "rules": rules}}


def _concept(code: str) -> Element:
    return {"patternCodeableConcept": {"coding": [{"system": CODES, "code": code}]}}


def _to(*types: str) -> Element:
    return {"type": [{"code": "Reference", "targetProfile": [BASE + each for each in types]}]}


def _identifiers(type_: str, *names: str) -> list[Element]:
    found = [_element(f"{type_}.identifier", "1..*", **_sliced("system"))]
    for name in names:
        root = f"{type_}.identifier:{name}"
        form = _rules((f"id-{name}", "value.matches('^[a-z0-9:-]{1,64}$')"))
        found += [
            _element(root, "1..1" if name == names[0] else "0..1", **form),
            _element(f"{root}.use", "0..1", fixedCode="official"),
            _element(f"{root}.system", "1..1", fixedUri=f"{CANONICAL}sid/{name}"),
            _element(f"{root}.value", "1..1", maxLength=64),
        ]
    return found


def _encounter() -> list[Element]:
    e = "Encounter"
    return [
        _element(
            e,
            **_rules(
                ("enc-1", "status != 'finished' or period.end.exists()"),
                ("enc-2", "period.end.empty() or period.start <= period.end"),
                ("enc-3", "location.where(status = 'active').count() <= 1"),
            ),
        ),
        *_identifiers(e, "stay", "case"),
        _element(f"{e}.status", "1..1"),
        _element(f"{e}.class", "1..1", **_bound("class")),
        _element(f"{e}.class.system", "1..1"),
        _element(f"{e}.class.code", "1..1"),
        _element(f"{e}.type", "1..*", **_bound("type", "extensible")),
        _element(f"{e}.type.coding", "1..*"),
        _element(f"{e}.type.coding.system", "1..1"),
        _element(f"{e}.type.coding.code", "1..1"),
        _element(f"{e}.serviceType", "0..1"),
        _element(f"{e}.priority", "0..1", **_bound("priority", "extensible")),
        _element(f"{e}.subject", "1..1", **_to("Patient")),
        _element(f"{e}.participant", "1..*", **_rules(("enc-4", "type.exists() and individual.exists()"))),
        _element(f"{e}.participant.type", "1..*", **_bound("role", "extensible")),
        _element(f"{e}.participant.individual", "1..1", **_to("Practitioner", "PractitionerRole")),
        _element(f"{e}.period", "1..1"),
        _element(f"{e}.period.start", "1..1"),
        _element(f"{e}.reasonCode", "0..3", **_bound("reason", "extensible")),
        _element(f"{e}.diagnosis", **_sliced("use", "pattern")),
        _element(f"{e}.diagnosis.condition", "1..1", **_to("Condition")),
        _element(f"{e}.diagnosis.use", "1..1", **_bound("use")),
        _element(f"{e}.diagnosis.rank", "0..1", maxValuePositiveInt=20),
        _element(f"{e}.diagnosis:main", "1..1", **_rules(("enc-5", "rank.exists() implies rank = 1"))),
        _element(f"{e}.diagnosis:main.use", "1..1", **_concept("admission")),
        _element(f"{e}.diagnosis:other", "0..*"),
        _element(f"{e}.diagnosis:other.use", "1..1", **_concept("comorbidity")),
        _element(f"{e}.hospitalization", "1..1"),
        _element(f"{e}.hospitalization.admitSource", "1..1", **_bound("source")),
        _element(f"{e}.hospitalization.dischargeDisposition", "0..1", **_bound("disposition", "extensible")),
        _element(f"{e}.location", "1..*", **_rules(("enc-6", "status != 'completed' or period.end.exists()"))),
        _element(f"{e}.location.location", "1..1", **_to("Location")),
        _element(f"{e}.location.status", "1..1"),
        _element(f"{e}.location.physicalType", "0..1", **_bound("place")),
        _element(f"{e}.location.period", "1..1"),
        _element(f"{e}.location.period.start", "1..1"),
        _element(f"{e}.serviceProvider", "1..1", **_to("Organization")),
        _element(f"{e}.partOf", "0..0"),
    ]


def _care_plan() -> list[Element]:
    c = "CarePlan"
    detail = f"{c}.activity.detail"
    return [
        _element(
            c,
            **_rules(
                ("cp-1", "status != 'active' or goal.exists()"),
                ("cp-2", "activity.detail.goal.reference.subsetOf(%context.goal.reference)"),
                ("cp-3", "period.end.empty() or period.start <= period.end"),
            ),
        ),
        *_identifiers(c, "plan", "case"),
        _element(f"{c}.status", "1..1"),
        _element(f"{c}.intent", "1..1", fixedCode="plan"),
        _element(f"{c}.category", "1..*", **_sliced("$this", "pattern"), **_bound("category", "extensible")),
        _element(f"{c}.category:sip", "0..1", **_concept("sip")),
        _element(f"{c}.category:discharge", "0..1", **_concept("discharge-plan")),
        _element(f"{c}.title", "1..1", maxLength=120),
        _element(f"{c}.description", "0..1", maxLength=4000),
        _element(f"{c}.subject", "1..1", **_to("Patient")),
        _element(f"{c}.encounter", "0..1"),
        _element(f"{c}.period", "1..1"),
        _element(f"{c}.period.start", "1..1"),
        _element(f"{c}.created", "1..1"),
        _element(f"{c}.author", "1..1", **_to("Organization", "PractitionerRole")),
        _element(f"{c}.author.display", "1..1"),
        _element(f"{c}.contributor", "1..*", **_to("Organization")),
        _element(f"{c}.careTeam", "0..0"),
        _element(f"{c}.addresses", "0..*", **_to("Condition")),
        _element(f"{c}.goal", "1..*"),
        _element(f"{c}.goal.reference", "1..1"),
        _element(f"{c}.activity", "1..*", **_rules(("cp-4", "detail.exists() and detail.description.exists()"))),
        _element(f"{c}.activity.reference", "0..0"),
        _element(
            detail, "1..1", **_rules(("cp-5", "status in ('not-started' | 'scheduled') or statusReason.exists()"))
        ),
        _element(f"{detail}.kind", "1..1"),
        _element(f"{detail}.code", "1..1", **_bound("activity", "extensible")),
        _element(f"{detail}.code.coding", "1..*"),
        _element(f"{detail}.code.coding.system", "1..1"),
        _element(f"{detail}.code.coding.code", "1..1"),
        _element(f"{detail}.goal", "1..*"),
        _element(f"{detail}.status", "1..1"),
        _element(f"{detail}.performer", "1..*", **_to("Organization", "PractitionerRole")),
        _element(f"{detail}.performer.display", "1..1"),
        _element(f"{detail}.description", "1..1", maxLength=4000),
        _element(f"{c}.note", "0..5"),
        _element(f"{c}.note.text", "1..1"),
    ]


def _task() -> list[Element]:
    t = "Task"
    found = [
        _element(
            t,
            **_rules(
                ("tsk-1", "status != 'rejected' or statusReason.exists()"),
                ("tsk-2", "lastModified.empty() or authoredOn <= lastModified"),
                ("tsk-3", "input.type.coding.code.isDistinct()"),
            ),
        ),
        *_identifiers(t, "task", "answer"),
        _element(f"{t}.basedOn", "0..*", **_to("CarePlan")),
        _element(f"{t}.groupIdentifier", "1..1"),
        _element(f"{t}.groupIdentifier.system", "1..1", fixedUri=CANONICAL + "sid/case"),
        _element(f"{t}.groupIdentifier.value", "1..1"),
        _element(f"{t}.status", "1..1"),
        _element(f"{t}.businessStatus", "0..1"),
        _element(f"{t}.intent", "1..1", fixedCode="order"),
        _element(f"{t}.priority", "0..1"),
        _element(f"{t}.code", "1..1", **_bound("task")),
        _element(f"{t}.code.coding", "1..*"),
        _element(f"{t}.code.coding.system", "1..1"),
        _element(f"{t}.code.coding.code", "1..1"),
        _element(f"{t}.description", "0..1", maxLength=4000),
        _element(f"{t}.focus", "1..1", **_to("Encounter", "CarePlan")),
        _element(f"{t}.for", "1..1", **_to("Patient")),
        _element(f"{t}.encounter", "0..1"),
        _element(f"{t}.executionPeriod", "0..1"),
        _element(f"{t}.executionPeriod.start", "1..1"),
        _element(f"{t}.authoredOn", "1..1"),
        _element(f"{t}.requester", "1..1", **_to("Organization", "PractitionerRole")),
        _element(f"{t}.requester.display", "1..1"),
        _element(f"{t}.performerType", "0..*", **_bound("performer", "extensible")),
        _element(f"{t}.owner", "1..1", **_to("Organization")),
        _element(f"{t}.owner.display", "1..1"),
        _element(f"{t}.reasonCode", "0..1", **_bound("reason", "extensible")),
        _element(f"{t}.note", "0..5"),
        _element(f"{t}.note.text", "1..1"),
        _element(f"{t}.restriction", "0..1", **_rules(("tsk-4", "period.exists() or repetitions.exists()"))),
        _element(f"{t}.restriction.period", "1..1"),
        _element(f"{t}.input", **_sliced("type", "pattern")),
        _element(f"{t}.input.type", "1..1", **_bound("section")),
    ]
    for name in ("function", "medication", "aids"):
        found += [
            _element(f"{t}.input:{name}", "0..1"),
            _element(f"{t}.input:{name}.type", "1..1", **_concept(name)),
            _element(f"{t}.input:{name}.value[x]", "1..1", type=[{"code": "string"}]),
        ]
    return found


_PROFILES = {"Encounter": _encounter, "CarePlan": _care_plan, "Task": _task}


def profile(type_: str) -> Resource:
    """The profile of a type, as its author writes it: the differential."""
    return {
        "resourceType": "StructureDefinition",
        "id": f"bench-{type_.lower()}",
        "url": f"{CANONICAL}StructureDefinition/{type_}",
        "name": f"Bench{type_}",
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": "resource",
        "abstract": False,
        "type": type_,
        "baseDefinition": BASE + type_,
        "derivation": "constraint",
        "differential": {"element": _PROFILES[type_]()},
    }


def _coded(code: str, text: str = "", system: str = CODES) -> Resource:
    found: Resource = {"coding": [{"system": system, "code": code}]}
    return found | {"text": text} if text else found


def _role(code: str) -> Resource:
    return _coded(code, system=_V3 + "ParticipationType")


def _identifier(name: str, value: str) -> Resource:
    return {"use": "official", "system": f"{CANONICAL}sid/{name}", "value": value}


def _reference(target: str, display: str = "") -> Resource:
    return {"reference": target} | ({"display": display} if display else {})


ENCOUNTER: Resource = {
    "resourceType": "Encounter",
    "id": "3b46a800-57d0-4b44-8082-25e2fea9a604",
    "identifier": [
        _identifier("stay", "44e3b178-3334-4c3f-b4e8-cae7c662e707"),
        _identifier("case", "65f3bce0-468e-4040-bf53-f0e5b5f80707"),
    ],
    "status": "in-progress",
    "class": {"system": _V3 + "ActCode", "code": "IMP"},
    "type": [_coded("acute", "Oplanerad inskrivning i slutenvård")],
    "priority": _coded("urgent"),
    "subject": _reference("Patient/47eeb508", "Inskriven patient"),
    "participant": [
        {"type": [_role("ATND")], "individual": _reference("Practitioner/9b1f", "Överläkare på avdelningen")},
        {"type": [_role("PPRF")], "individual": _reference("PractitionerRole/77a2", "Vårdplanerare")},
    ],
    "period": {"start": "2026-03-09T08:40:00+01:00"},
    "reasonCode": [_coded("fall", "Fall i hemmet")],
    "diagnosis": [
        {"condition": _reference("Condition/c1", "Höftfraktur"), "use": _coded("admission"), "rank": 1},
        {"condition": _reference("Condition/c2", "Hjärtsvikt"), "use": _coded("comorbidity"), "rank": 2},
    ],
    "hospitalization": {
        "admitSource": _coded("emergency", "Från akutmottagningen"),
        "dischargeDisposition": _coded("home-care", "Hem med insatser från kommunen"),
    },
    "location": [
        {
            "location": _reference("Location/akm", "Akutmottagningen"),
            "status": "completed",
            "period": {"start": "2026-03-09T08:40:00+01:00", "end": "2026-03-09T15:10:00+01:00"},
        },
        {
            "location": _reference("Location/med3", "Medicinavdelning 3"),
            "status": "active",
            "physicalType": _coded("ward"),
            "period": {"start": "2026-03-09T15:10:00+01:00"},
        },
    ],
    "serviceProvider": _reference("Organization/79850131", "Skellefteå lasarett, medicinavdelning 3"),
}


def _activity(code: str, goal: str, performer: Resource, description: str) -> Resource:
    return {
        "detail": {
            "kind": "ServiceRequest",
            "code": _coded(code),
            "goal": [_reference(goal)],
            "status": "not-started",
            "performer": [performer],
            "description": description,
        }
    }


_MUNICIPALITY = _reference("Organization/aba56c9a", "Skellefteå kommun, mottagande enhet")
_CENTRE = _reference("Organization/48b1523e", "Solgårdens hälsocentral")
CARE_PLAN: Resource = {
    "resourceType": "CarePlan",
    "id": "533379c2-b373-4477-8fb7-983f3964bb69",
    "identifier": [
        _identifier("plan", "7bd7f488-e736-4e5f-90e2-7e4460ec0ace"),
        _identifier("case", "65f3bce0-468e-4040-bf53-f0e5b5f80707"),
    ],
    "status": "active",
    "intent": "plan",
    "category": [_coded("sip", "Samordnad individuell plan")],
    "title": "SIP inför hemgång",
    "description": "Huvudansvar för samordningen: hälsocentralen. Uppföljning med alla parter efter fyra veckor.",
    "subject": _reference("Patient/47eeb508"),
    "encounter": _reference("Encounter/3b46a800"),
    "period": {"start": "2026-03-13", "end": "2026-04-10"},
    "created": "2026-03-13T10:15:00+01:00",
    "author": _CENTRE,
    "contributor": [_CENTRE, _MUNICIPALITY],
    "goal": [_reference("Goal/g1"), _reference("Goal/g2")],
    "activity": [
        _activity("rehabilitation", "Goal/g1", _MUNICIPALITY, "Styrke- och balansträning två gånger i veckan."),
        _activity("home-care", "Goal/g2", _MUNICIPALITY, "Hemtjänst morgon och kväll samt trygghetslarm."),
        _activity("wound-care", "Goal/g2", _CENTRE, "Trombosprofylax och såromläggning; suturtagning."),
        _activity("follow-up", "Goal/g1", _CENTRE, "Återbesök hos ortopeden med röntgen."),
    ],
    "note": [{"text": "Patienten önskar att dottern är med vid uppföljningen."}],
}


def _input(name: str, value: str) -> Resource:
    return {"type": _coded(name), "valueString": value}


TASK: Resource = {
    "resourceType": "Task",
    "id": "387aafd4-4197-47d6-b12e-5276df319c9d",
    "identifier": [_identifier("task", "b74a43c1-4ae2-4548-a4e4-78a543b68131")],
    "basedOn": [_reference("CarePlan/533379c2")],
    "groupIdentifier": _identifier("case", "65f3bce0-468e-4040-bf53-f0e5b5f80707"),
    "status": "requested",
    "businessStatus": {"text": "Väntar på svar från kommunen"},
    "intent": "order",
    "priority": "urgent",
    "code": _coded("take-over", "Överta ansvaret efter utskrivning"),
    "description": "Kommunen ombeds ta över ansvaret för insatser i hemmet från och med beräknad utskrivning.",
    "focus": _reference("Encounter/3b46a800"),
    "for": _reference("Patient/47eeb508", "Inskriven patient"),
    "encounter": _reference("Encounter/3b46a800"),
    "executionPeriod": {"start": "2026-03-12T11:00:00+01:00"},
    "authoredOn": "2026-03-12T11:00:00+01:00",
    "lastModified": "2026-03-12T11:05:00+01:00",
    "requester": _reference("Organization/79850131", "Skellefteå lasarett, medicinavdelning 3"),
    "performerType": [_coded("municipality")],
    "owner": _MUNICIPALITY,
    "reasonCode": _coded("fall", "Fall i hemmet"),
    "note": [{"time": "2026-03-12T11:05:00+01:00", "text": "Anhöriga är informerade och önskar bli kontaktade först."}],
    "restriction": {"period": {"end": "2026-03-13T12:00:00+01:00"}},
    "input": [
        _input("function", "Går med rollator inomhus, behöver hjälp med dusch och av- och påklädning."),
        _input("medication", "Dosdispenserade läkemedel från och med 16 mars, dessförinnan medskickade doser."),
        _input("aids", "Rollator och duschpall är förskrivna och levereras till bostaden före hemgång."),
    ],
}

RESOURCES = {"Encounter": ENCOUNTER, "CarePlan": CARE_PLAN, "Task": TASK}


def written(resource: Resource) -> bytes:
    """The resource as it is sent."""
    return serialize(resource)
