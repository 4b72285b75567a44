"""R4's types and the profiles of a library, compiled; and the walk over a resource that uses them."""

from collections.abc import Sequence
from typing import Any

from adapter.fhir.elements import Element, Table
from adapter.fhir.shapes import obj, objects, text
from adapter.validation import (
    bindings,
    bundles,
    codesystems,
    conceptmaps,
    contained,
    enabling,
    implied,
    invariants,
    measures,
    members,
    narrative,
    particulars,
    references,
    rules,
    searches,
)
from adapter.validation.environment import Surroundings
from adapter.validation.extensions import Extensions, Unknown
from adapter.validation.groups import Group
from adapter.validation.items import Collectors, Item
from adapter.validation.library import BASE, Library
from adapter.validation.profiles import Profile, strings
from adapter.validation.questionnaires import Questionnaires
from adapter.validation.references import Severity, Targets
from adapter.validation.run import Check, Frame, Needing, Path, Run
from adapter.validation.shapes import Shapes
from adapter.validation.structures import Structures
from adapter.validation.trees import Node
from adapter.validation.vocabulary import Vocabulary

_CLAIMS = 100
_PROBLEMS = 10


class Engine:
    """Everything that validating needs, compiled when it is first met. May be used from any thread."""

    def __init__(
        self,
        table: Table,
        library: Library,
        terms: Vocabulary,
        unknown: Unknown,
        *,
        best_practice: bool = False,
        typed_references: Severity = "error",
    ) -> None:
        self.table = table
        self.library = library
        self.terms = terms
        self.best_practice = best_practice
        self.typed_references = typed_references
        self.collectors = Collectors(table)
        self.shapes = Shapes(table, self)
        self._extensions = Extensions(self, unknown)
        self._profiles: dict[str, Profile] = {}
        self._systems = particulars.Systems()
        self._wholes: dict[str, Check] = {
            "QuestionnaireResponse": Questionnaires(library.definitions, terms).check,
            "Questionnaire": enabling.check,
            "StructureDefinition": Structures(library).check,
            "CodeSystem": codesystems.check,
            "SearchParameter": searches.check,
            "ConceptMap": conceptmaps.checking(terms),
            "MeasureReport": measures.checking(library.definitions),
        }
        """Rules of a type that look at the whole of a resource, once its shape is checked."""

    # What shapes ask

    def definitions(self, type_name: str) -> dict[str, dict[str, Any]]:
        """R4's own definitions of a type's elements, by path."""
        return self.library.elements(type_name)

    def of_shape(self, type_name: str, definition: dict[str, Any]) -> list[Check]:
        """Invariants and rules of a type or backbone as a whole."""
        found = invariants.checks(definition, type_name, best_practice=self.best_practice)
        if type_name == "Reference":
            found.append(references.check)
        elif type_name == "Coding" or type_name in bindings.QUANTITIES:
            found.append(Needing(self.terms.coding, ("system",)))
        elif type_name == "Identifier":
            found.append(Needing(particulars.identifier, ("system", "value")))
        elif self.table[type_name].kind == "resource":
            found.append(particulars.resource_id)
        elif type_name == "Attachment":
            found.append(Needing(particulars.attachment, ("data", "size")))
        return found

    def of_element(self, definition: dict[str, Any], type_name: str, element: Element) -> list[Check]:
        """Binding, reference and invariant checks of an element."""
        if element.name == "id" and element.attribute:
            return [] if type_name == "ElementDefinition" else [particulars.unique_id]
        found: list[Check] = []
        if "." not in element.type:
            own = self.definitions(element.type).get(element.type, {}) if element.kind == "complex" else {}
            known = frozenset(str(each.get("key")) for each in objects(own.get("constraint")))
            found += invariants.checks(definition, element.type, known=known)
        found += bindings.checks(definition, element.type, self.terms)
        if element.name == "url" and self._is_canonical(type_name):
            found.append(particulars.absolute)
        if element.name == "system" and type_name in ("Coding", "Identifier", *bindings.QUANTITIES):
            found.append(self._systems)
        for type_ in objects(definition.get("type")):
            if type_.get("code") == element.type:
                found += self._of_type(type_, element.type)
        return found

    def _of_type(self, type_: dict[str, Any], code: str) -> list[Check]:
        if code == "Reference":
            types = frozenset(each.removeprefix(BASE) for each in strings(type_.get("targetProfile")))
            return [
                Targets(frozenset() if "Resource" in types else types, (), frozenset(), "", self.typed_references).check
            ]
        profiles = strings(type_.get("profile"))
        if len(profiles) != 1:
            return []
        (profile,) = profiles

        def check(value: Any, run: Run, path: Path) -> None:
            self.check(Item(value, code, path), profile, run)

        return [check]

    def _is_canonical(self, name: str) -> bool:
        """Whether a type with a url is one of definitions: a Device too has status and version, but it is a thing."""
        known = self.table[name].by_name
        return "status" in known and known["version"].type == "string"

    def extension(self, structure: str, *, modifier: bool) -> members.Item:
        """The check of the extensions of a structure."""
        return self._extensions.check(structure, modifier=modifier)

    def resource(self, value: Any, run: Run, path: Path, owner: dict[str, Any], element: str) -> None:
        """Checks a resource within another: contained, of an entry, or of a parameter."""
        outer = run.frame
        frame = self._enter(value, run, path)
        if frame is None:
            return
        if element == "contained":
            frame.outer, frame.is_contained = outer.outer, True
            frame.bundle, frame.entry, frame.full_url = outer.bundle, outer.entry, outer.full_url
        else:
            frame.bundle = outer.group
            if outer.type == "Bundle":
                frame.entry, frame.full_url = owner, text(owner.get("fullUrl"))
        self._walk(value, frame, run, path)
        run.frame = outer

    # The walk

    def root(self, value: Any, run: Run, related: Sequence[dict[str, Any]] = ()) -> list[Frame]:
        """Checks a resource that stands alone; references may also lead to those `related`, which are not checked by
        themselves. Returns what was walked: the resource and those within it."""
        frame = self._enter(value, run, None)
        if frame is None:
            return []
        if related:
            self._add(related, frame, run)
        given = set(run.frames) - {id(value)}
        self._walk(value, frame, run, None)
        return [each for key, each in run.frames.items() if key not in given]

    def _add(self, related: Sequence[dict[str, Any]], frame: Frame, run: Run) -> None:
        given = Group.given(related)
        for resource in related:
            other = self._enter(resource, run, None)
            if other is not None:
                other.bundle = given
        if frame.group is not None:
            frame.group.beside = given
        else:
            frame.bundle = given

    def _enter(self, value: Any, run: Run, path: Path) -> Frame | None:
        if value.__class__ is not dict:
            run.report(rules.JSON_TYPE, "expected a resource, an object with resourceType", path)
            return None
        name = value.get("resourceType")
        if not isinstance(name, str) or name not in self.table.resources:
            run.report(rules.UNKNOWN_RESOURCE, "expected a resource type of FHIR R4", (path, "resourceType"))
            return None
        frame = run.frames[id(value)] = Frame(value, name, path)
        frame.holder = run.frame if path is not None else None
        frame.contained = contained.index(value) if "contained" in value else {}
        if name in ("Bundle", "Parameters"):
            frame.group = Group(value)
        return frame

    def _walk(self, value: dict[str, Any], frame: Frame, run: Run, path: Path) -> None:
        run.frame = frame
        if run.environment is None:
            run.environment = Surroundings(self, run)
        self.shapes[frame.type].check(value, run, path)
        run.frame = frame
        if "contained" in value and not frame.is_contained:
            contained.check(value, run, path)
        if frame.type == "Bundle" and frame.group is not None:
            bundles.check(value, frame.group, run, path)
        elif frame.type in self._wholes:
            self._wholes[frame.type](value, run, path)
        if "language" in value and "text" in value:
            narrative.check_language(value, run, path)
        if run.links:
            _follow_links(run, frame)
        for index, claim in enumerate(strings(obj(value.get("meta")).get("profile"))[:_CLAIMS]):
            run.claims.append((frame, claim, index))
        for each in self.library.bound.get(frame.type, ()):
            run.claims.append((frame, each, -1))
        if frame.type == "Observation":
            profile = implied.profile(value, self.library.vital_signs)
            if profile is not None:
                run.claims.append((frame, profile, -1))

    # Profiles

    def claims(self, run: Run, asked: tuple[str, ...]) -> None:
        """Checks each resource that was walked against the profiles that it claims; those `asked` were checked."""
        for frame, claim, index in run.claims:
            url = claim.partition("|")[0]
            if url == f"{BASE}{frame.type}" or (frame.path is None and claim in asked):
                continue
            profile = self.profile(claim)
            place: Path = (((frame.path, "meta"), "profile"), index) if index >= 0 else frame.path
            if profile is None:
                self._no_claim(claim, run, place)
            elif not self._suits(profile, frame.type):
                run.report(rules.PROFILE_TYPE, f"the profile is of {profile.type}", place, profile.url)
            else:
                self._tell_problems(claim, run, place)
                self._keep(profile, Item(frame.resource, frame.type, frame.path), run)

    def _no_claim(self, claim: str, run: Run, place: Path) -> None:
        fault = self.library.faults.get(claim)
        if fault is not None:
            run.report(rules.PROFILE_UNUSABLE, f"the profile cannot be used: {fault}"[:1000], place, claim)
        else:
            run.report(rules.CLAIM_UNKNOWN, "the profile is not loaded: it was not checked", place)

    def against(self, canonical: str, value: dict[str, Any], run: Run, path: Path = None) -> None:
        """Checks a resource as a whole against a profile that is asked for."""
        profile = self.profile(canonical)
        type_ = str(value.get("resourceType"))
        if profile is None:
            fault = self.library.faults.get(canonical)
            rule = rules.PROFILE_UNKNOWN if fault is None else rules.PROFILE_UNUSABLE
            words = "the profile is not loaded" if fault is None else f"the profile cannot be used: {fault}"[:1000]
            run.report(rule, words, path, canonical)
        elif not self._suits(profile, type_):
            run.report(
                rules.PROFILE_TYPE, f"the profile is of {profile.type}: expected a resource of it", path, profile.url
            )
        else:
            self._tell_problems(canonical, run, path)
            self._keep(profile, Item(value, type_, path), run)

    def _tell_problems(self, canonical: str, run: Run, place: Path) -> None:
        for problem in self.library.problems.get(canonical, ())[:_PROBLEMS]:
            run.report(rules.PROFILE_FAULTY, f"passed over in the profile: {problem}"[:1000], place, canonical)

    def profile(self, canonical: str) -> Profile | None:
        """A profile compiled; None where it is not known or not usable."""
        if canonical not in self._profiles:
            root = self.library.tree(canonical)
            if root is None:
                return None
            self._profiles[canonical] = Profile(canonical, root, self)
        return self._profiles[canonical]

    def extension_profile(self, url: str) -> tuple[Profile, dict[str, Any]] | None:
        """An extension's definition, compiled and as it is."""
        profile = self.profile(url)
        if profile is None or profile.type != "Extension":
            return None
        return profile, self.library.structure(url) or {}

    def tree(self, canonical: str) -> Node | None:
        """The root of a profile's snapshot."""
        return self.library.tree(canonical)

    def _suits(self, profile: Profile, type_: str) -> bool:
        while True:
            if type_ == profile.type:
                return True
            known = self.table.get(type_)
            if known is None or not known.base:
                return False
            type_ = known.base

    def _keep(self, profile: Profile, item: Item, run: Run) -> None:
        """Checks a resource against a profile and those that it imposes."""
        self._check(profile, item, run)
        for canonical in self.library.imposed(profile.url):
            imposed = self.profile(canonical)
            if imposed is None:
                self._no_claim(canonical, run, item.path)
            elif self._suits(imposed, item.type):
                self._check(imposed, item, run)

    def _check(self, profile: Profile, item: Item, run: Run) -> None:
        outer = run.frame
        run.frame = run.frames.get(id(item.value), outer)
        try:
            profile.check(item, run)
        finally:
            run.frame = outer

    def check(self, item: Item, canonical: str, run: Run) -> None:
        """Reports what an item breaks of a profile that the definition of its element names."""
        profile = self.profile(canonical)
        if profile is None:
            words = "the profile that the element must keep is not loaded"
            run.report(rules.PROFILE_UNKNOWN, words, item.path, canonical, code="structure")
        elif not self._suits(profile, item.type) and "." not in item.type:
            words = f"the element is a {item.type[:64]}: expected {profile.type}"
            run.report(rules.PROFILE_ELEMENT_TYPE, words, item.path, profile.url)
        else:
            key = (id(item.value), canonical)
            if item.value.__class__ is not dict or key not in run.open:
                run.open.add(key)
                try:
                    self._check(profile, item, run)
                finally:
                    run.open.discard(key)

    def fits(self, item: Item, canonical: str, run: Run) -> bool:
        """Whether an item keeps a profile. In a circle of definitions what is being asked counts as kept."""
        key = (id(item.value), canonical)
        known = run.fits.get(key)
        if known is not None and item.value.__class__ is dict:
            return known
        profile = self.profile(canonical)
        if profile is None or not self._suits(profile, item.type):
            return False
        run.fits[key] = True
        with run.trial() as issues:
            self._check(profile, item, run)
            found = not any(issue.severity in ("error", "fatal") for issue in issues)
        run.fits[key] = found
        return found

    def is_member(self, item: Item, value_set: str) -> bool:
        """Whether an item's code is in a value set; what cannot be decided is not."""
        found = item.value
        if found.__class__ is str:
            return self.terms.member(value_set, None, found).result is True
        codings = objects(found.get("coding")) if "coding" in obj(found) else [obj(found)]
        return any(
            self.terms.member(value_set, text(each.get("system")) or "", code).result is True
            for each in codings
            if (code := text(each.get("code"))) is not None
        )


def _follow_links(run: Run, frame: Frame) -> None:
    """Links within a narrative, once all ids of its resource are known."""
    mine = [each for each in run.links if each[0] is frame]
    run.links = [each for each in run.links if each[0] is not frame]
    for _, place, wanted in mine:
        known = frame.ids | frame.outer.contained.keys() | {text(frame.resource.get("id"))}
        if wanted - known:
            run.report(rules.NARRATIVE_CONTENT, "a link within the document leads to no element", place)
