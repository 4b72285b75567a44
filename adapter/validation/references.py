"""References: their form, where they lead, and what they may lead to."""

import re
from typing import Any, Literal

from adapter.fhir.elements import Element, table
from adapter.validation import rules
from adapter.validation.groups import Group, Target
from adapter.validation.primitives import is_absolute
from adapter.validation.run import Frame, Path, Run

Severity = Literal["error", "warning"]
_NO_BASE_NEEDED = frozenset({"batch-response", "transaction-response"})
_SEARCH = re.compile(r"(?P<type>[A-Z][A-Za-z]{1,63})\?[^=&\s]+=[^\s]*")
_REST = re.compile(
    r"(?:https?://[^\s?#]+/)?(?P<type>[A-Z][A-Za-z]{1,63})/[A-Za-z0-9.-]{1,64}(?:/_history/[A-Za-z0-9.-]{1,64})?"
)


_NOWHERE = Target(None, "referenced", None)


def target(url: str, frame: Frame) -> Target:
    """Where a reference in a resource leads."""
    if url.startswith("#"):
        resource = frame.outer.resource if url == "#" else frame.outer.contained.get(url[1:])
        return Target(resource, "contained", _type_of(resource))
    group: Group | None = frame.outer.bundle
    if group is None:
        return _NOWHERE
    known: Target | None = group.targets.get(url)
    if known is None:
        found, place = group.resolve(url, frame.outer.entry), group.place
        if not found and group.beside is not None:
            found, place = group.beside.resolve(url, None), group.beside.place
        known = Target(found[0], place, _type_of(found[0])) if len(found) == 1 else _NOWHERE
        if is_absolute(url):
            group.targets[url] = known
    return known


def is_rest(url: str) -> bool:
    """Whether a URL is one by which a server gives a resource: it ends in a type of R4 and an id."""
    match = _REST.fullmatch(url)
    return match is not None and match["type"] in table().resources


def check(value: dict[str, Any], run: Run, path: Path) -> None:
    """The rules of every Reference, whatever it may lead to."""
    url = value.get("reference")
    if url.__class__ is not str:
        if not (value.keys() & {"reference", "_reference", "identifier", "display", "_display", "extension"}):
            run.report(rules.REFERENCE_SHAPE, "expected reference, identifier or display", path, severity="warning")
        return
    frame = run.frame.outer
    group: Group | None = frame.bundle
    if group is not None and url in group.plain and frame.full_url is not None:
        frame.references.append((url, path))
        return
    if not url or ((" " in url or not url.isprintable()) and any(map(str.isspace, url))):
        run.report(rules.REFERENCE_INVALID, "the reference is empty or holds white space", path)
        return
    if url.startswith("#"):
        if url == "#" and not run.frame.is_contained:
            run.report(rules.REFERENCE_SHAPE, "# leads to the resource that contains this one, and none does", path)
        elif url != "#" and url[1:] not in frame.contained:
            run.report(rules.REFERENCE_SHAPE, "no contained resource has this id", path)
        return
    if group is not None and group.is_bundle:
        _in_bundle(url, group, frame, run, path)


def _in_bundle(url: str, group: Group, frame: Frame, run: Run, path: Path) -> None:
    frame.references.append((url, path))
    entry = frame.entry or {}
    if frame.full_url is None:
        if group.type not in _NO_BASE_NEEDED:
            run.report(
                rules.BUNDLE_FULL_URL_MISSING, "the entry has no fullUrl: expected one, as a base for references", path
            )
        return
    absolute = is_absolute(url)
    if not absolute and (url.count("/") not in (1, 3) or not all(url.split("/"))):
        if group.type not in ("transaction", "batch") or not _SEARCH.fullmatch(url):
            run.report(rules.REFERENCE_INVALID, "expected a relative reference to be [type]/[id]", path)
        return
    found = group.resolve(url, entry)
    if len(found) > 1:
        words = f"the reference leads to {len(found)} entries: expected one"
        run.report(rules.BUNDLE_REFERENCE_AMBIGUOUS, words, path, code="forbidden")
    elif found and not absolute and _type_of(found[0]) != url.partition("/")[0]:
        words = f"the reference names another type than the {_type_of(found[0])} that it leads to"
        run.report(rules.REFERENCE_TYPE, words, path, code="required")
    elif absolute:
        group.plain[url] = found


def place(frame: Frame, url: str) -> Path:
    """Where the first reference of a resource with that URL stands: what is only looked at has no places."""
    return _place(frame.resource, frame.type, frame.path, url) or frame.path


def _place(value: dict[str, Any], type_: str, path: Path, url: str) -> Path:
    """What is within a reference comes before it, as where it is explained."""
    known = table().get(str(value.get("resourceType", type_)))
    for below in _below(value, known.by_name, path) if known is not None else ():
        found = _place(*below, url)
        if found is not None:
            return found
    return path if type_ == "Reference" and value.get("reference") == url else None


def _below(value: dict[str, Any], elements: dict[str, Element], path: Path) -> list[tuple[Any, str, Path]]:
    """The objects of an object's members, with type and place."""
    found: list[tuple[Any, str, Path]] = []
    for key, member in value.items():
        element = elements.get(key)
        if element is not None and member.__class__ is dict:
            found.append((member, element.type, (path, element.step)))
        elif element is not None and member.__class__ is list:
            where = (path, element.step)
            found += [(each, element.type, (where, i)) for i, each in enumerate(member) if each.__class__ is dict]
    return found


class Targets:
    """What a reference element may lead to: types, and profiles of them. `aggregation` as the definition has it;
    `typed` how grave it is that the URL of a reference that leads out names another type."""

    __slots__ = ("aggregation", "profile", "profiles", "typed", "types")

    def __init__(
        self,
        types: frozenset[str],
        profiles: tuple[tuple[str, str], ...],
        aggregation: frozenset[str],
        profile: str,
        typed: Severity = "error",
    ) -> None:
        self.types = types
        self.profiles = profiles
        self.aggregation = aggregation
        self.profile = profile
        self.typed = typed

    def check(self, value: Any, run: Run, path: Path) -> None:
        """Type of the target, and the place where it is."""
        url = value.get("reference") if value.__class__ is dict else None
        stated = value.get("type") if value.__class__ is dict else None
        if url.__class__ is not str:
            return self._admitted(stated, run, path, "warning")  # the type that is meant, whoever it is
        if not (self.types or self.aggregation or stated):
            return None
        if stated is None and not self.aggregation and run.frame.outer.bundle is None and url[:1] != "#":
            if url.partition("/")[0] not in self.types:
                self._implied(url, run, path)  # it leads out of all that is here
            return None
        found = target(url, run.frame)
        if stated is not None:
            self._stated(stated, url, found, run, path)
        if found.resource is None:
            if self.aggregation and "referenced" not in self.aggregation:
                words = (
                    f"the reference leads nowhere: expected a resource that is {' or '.join(sorted(self.aggregation))}"
                )
                run.report(rules.REFERENCE_REQUIRED, words, path, self.profile)
            return self._implied(url, run, path)
        if self.types and found.type not in self.types:
            words = f"the reference leads to a {found.type}: expected {' or '.join(sorted(self.types))}"
            run.report(rules.REFERENCE_TYPE, words, path, self.profile)
        if (
            self.aggregation
            and found.place not in self.aggregation
            and not (found.place == "bundled" and "referenced" in self.aggregation)
        ):
            words = f"the target is {found.place}: expected it to be {' or '.join(sorted(self.aggregation))}"
            run.report(rules.REFERENCE_AGGREGATION, words, path, self.profile)
        return None

    def _implied(self, url: str, run: Run, path: Path) -> None:
        """A URL by which a server gives a resource says its type, wherever the resource is (R4, references:
        [type]/[id]). The official validator looks at it where a setting says so."""
        if not self.types or url.partition("/")[0] in self.types:
            return
        match = _REST.fullmatch(url)
        if match is not None and match["type"] not in self.types and match["type"] in table().resources:
            words = f"the URL is that of a {match['type']}: expected {' or '.join(sorted(self.types))}"
            run.report(rules.REFERENCE_TYPE, words, path, self.profile, self.typed)

    def _admitted(self, stated: object, run: Run, path: Path, severity: str = "") -> None:
        """Reference.type must be a type that may stand here."""
        if isinstance(stated, str) and self.types and _bare(stated) not in self.types:
            words = f"Reference.type is not a type that may stand here: expected {' or '.join(sorted(self.types))}"
            run.report(rules.REFERENCE_TYPE, words, path, self.profile, severity)

    def _stated(self, stated: object, url: str, found: Target, run: Run, path: Path) -> None:
        """Reference.type must be a type that may stand here, and that of the target."""
        if not isinstance(stated, str):
            return
        self._admitted(stated, run, path)
        if found.resource is None:
            match = _REST.fullmatch(url)
            found = Target(None, found.place, match["type"] if match else None)
        if found.type is not None and found.type != _bare(stated):
            words = "Reference.type is not the type of the resource that the reference leads to"
            run.report(rules.REFERENCE_TYPE, words, path, self.profile)


def _bare(type_: str) -> str:
    """Reference.type as the name of a type of R4, where it is written as its URL."""
    return type_.removeprefix("http://hl7.org/fhir/StructureDefinition/")


def _type_of(resource: dict[str, Any] | None) -> str | None:
    """The type that a resource states; one that R4 does not have is not repeated, for it may be anything."""
    found = resource.get("resourceType") if resource is not None else None
    if not isinstance(found, str):
        return None
    return found if found in table().resources else "resource of no R4 type"
