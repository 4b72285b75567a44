"""Rules of the R4 base: structure, values, references, extensions, narrative."""

from adapter.fhir.outcomes import Rule

JSON_TYPE = Rule(
    "base-type",
    "structure",
    "An element has another JSON type than its definition says.",
    "Write strings in quotes, numbers and booleans without, complex elements as objects; never null for absent.",
)
UNKNOWN_RESOURCE = Rule(
    "base-resource-type",
    "structure",
    "resourceType is missing or is no resource type of FHIR R4.",
    "Set resourceType to a resource type of FHIR R4 (4.0.1).",
)
UNKNOWN_ELEMENT = Rule(
    "base-unknown-element",
    "structure",
    "The type has no element of this name.",
    "Leave the element out, or carry its content in an extension.",
)
REQUIRED = Rule(
    "base-required",
    "required",
    "A required element is missing.",
    "Give the element a value.",
)
LIST = Rule(
    "base-list",
    "structure",
    "A repeating element is not an array, or an element that does not repeat is one.",
    "Write repeating elements as arrays, also where there is one value; write the others without.",
)
EMPTY = Rule(
    "base-empty",
    "structure",
    "A string, array or object is empty, or an element has neither value nor extension.",
    "Leave out what has no content.",
)
CHOICE = Rule(
    "base-choice",
    "structure",
    "A choice of types is given in more than one type.",
    "Give one of the types only.",
)
FORMAT = Rule(
    "base-format",
    "value",
    "A value does not have the form of its primitive type.",
    "Write the value as FHIR R4 defines the type; dates must be in the calendar, times with seconds need an offset.",
)
NARRATIVE = Rule(
    "base-narrative",
    "value",
    "A narrative is not one well-formed XHTML div.",
    "Write text.div as a div element in the namespace http://www.w3.org/1999/xhtml, well-formed and by itself.",
)
TOO_LONG = Rule(
    "base-too-long",
    "too-long",
    "A string is longer than the 1 048 576 characters that FHIR allows.",
    "Shorten the string, or send the content as Binary or attachment.",
)
PRIMITIVE_SIBLING = Rule(
    "base-primitive-extension",
    "structure",
    "An element with underscore (id and extensions of a primitive) does not fit the primitive that it belongs to.",
    "Write an object for a single value, an array of the same length with null for nothing for a repeating one.",
)
CONTAINED = Rule(
    "base-contained",
    "invariant",
    "A contained resource contains resources itself, or has no id to be referred to by.",
    "Put all contained resources in the outer resource, each with an id.",
)
REFERENCE_SHAPE = Rule(
    "base-reference",
    "value",
    "A Reference says nothing, or names a contained resource that is not there.",
    "Give reference, identifier or display; put the resource among contained, with the id that follows #.",
)
DEPTH = Rule(
    "base-depth",
    "too-costly",
    "The resource is nested deeper than is checked.",
    "Nest at most 100 levels.",
)
XML_MISFIT = Rule(
    "base-xml",
    "structure",
    "The XML does not fit FHIR's types: an unknown element or attribute, wrong order, an element repeated, text.",
    "Write elements in FHIR's order, values in the attribute value, and nothing that the type does not have.",
)
READABLE = Rule(
    "not-readable",
    "structure",
    "What was sent is not well-formed JSON or XML: a key twice, NaN, a DTD, an encoding other than UTF-8.",
    "Send well-formed FHIR JSON or XML in UTF-8.",
)
BLANK = Rule(
    "base-blank",
    "invalid",
    "A string holds white space only.",
    "Leave out what has no content.",
    severity="warning",
)
ID_DUPLICATE = Rule(
    "base-id-duplicate",
    "business-rule",
    "Two elements of one resource have the same id.",
    "Give each element an id of its own, or none.",
)
INVARIANT = Rule(
    "base-invariant",
    "invariant",
    "An invariant of FHIR R4 is broken; the message names its key.",
    "Change the content so that the invariant holds; the FHIR specification gives it under its key.",
)
NOT_EVALUATED = Rule(
    "base-invariant-not-evaluated",
    "not-supported",
    "An invariant could not be evaluated: the verdict does not cover it.",
    "Read the reason; check the content against the invariant by hand, or mend the expression in the profile.",
    severity="warning",
)
CODE_REQUIRED = Rule(
    "code-required",
    "code-invalid",
    "A code is not in the value set that it must be from, or there is none where one is required.",
    "Use a code of the value set that the message names.",
)
CODE_EXTENSIBLE = Rule(
    "code-extensible",
    "code-invalid",
    "No code is from the value set that is to be used where it has a fitting code.",
    "Use a code of the value set if one fits; otherwise this is as it should be.",
    severity="warning",
)
CODE_PREFERRED = Rule(
    "code-preferred",
    "code-invalid",
    "No code is from the value set that the profile recommends.",
    "Use a code of the value set if one fits.",
    severity="information",
)
CODE_MAXIMUM = Rule(
    "code-maximum",
    "code-invalid",
    "A code is outside the largest value set that the binding allows.",
    "Use a code of the value set that the message names.",
)
CODE_UNDECIDED = Rule(
    "code-undecided",
    "not-supported",
    "Whether the code is in the value set cannot be told from the packages that are loaded.",
    "Load the package that holds the code system or value set, or check the code against a terminology server.",
    severity="warning",
)
CODE_UNKNOWN = Rule(
    "code-unknown",
    "code-invalid",
    "The code is not in the code system that is named with it.",
    "Use a code of that system, or name the right system.",
)
CODE_DISPLAY = Rule(
    "code-display",
    "invalid",
    "The display is not one that the code system has for the code.",
    "Use the display of the code system, or leave it out.",
    severity="warning",
)
REFERENCE_TYPE = Rule(
    "base-reference-type",
    "structure",
    "A reference leads to a resource of a type that the element may not refer to, or states another type.",
    "Refer to a resource of one of the types that the message names.",
)
REFERENCE_INVALID = Rule(
    "base-reference-invalid",
    "invalid",
    "Reference.reference is not a reference: it holds white space, or a search that is none.",
    "Write a relative or absolute URL, a fragment, or a conditional reference.",
)
REFERENCE_MISSING = Rule(
    "base-reference-missing",
    "not-found",
    "A relative reference leads to no resource that is here. Checked where it is asked for.",
    "Give the resource too, or leave the reference out.",
)
TEXT_MARKUP = Rule(
    "base-text-markup",
    "security",
    "A text holds what looks like an HTML tag, which a reader may run. Checked where it is asked for.",
    "Write the text without tags.",
)
URL_EXAMPLE = Rule(
    "base-url-example",
    "business-rule",
    "A URL leads to a domain that is reserved for examples (RFC 2606). Checked where it is asked for.",
    "Use a URL of your own.",
)
REFERENCE_AGGREGATION = Rule(
    "base-reference-aggregation",
    "structure",
    "A reference leads to a place that the profile does not allow: contained, in the Bundle, or outside.",
    "Put the resource where the profile wants it.",
)
REFERENCE_REQUIRED = Rule(
    "base-reference-required",
    "required",
    "A reference must lead to a contained resource or an entry of the Bundle, and leads nowhere.",
    "Put the resource among contained, or in the Bundle.",
)
CONTAINED_UNUSED = Rule(
    "base-contained-unused",
    "invariant",
    "A contained resource is referred to from nowhere in its resource, nor does it refer to it (dom-3).",
    "Refer to the contained resource by #id, or leave it out.",
)
CONTAINED_DUPLICATE = Rule(
    "base-contained-duplicate",
    "duplicate",
    "Two contained resources have the same id.",
    "Give each contained resource an id of its own.",
)
EXTENSION_URL = Rule(
    "base-extension-url",
    "invalid",
    "An extension's url is missing, or not absolute although the extension is not part of another.",
    "Write the canonical URL of the extension's definition, without version.",
)
EXTENSION_UNKNOWN = Rule(
    "base-extension-unknown",
    "structure",
    "The extension's definition is in none of the packages that are loaded: its content was not checked.",
    "Load the package that defines the extension, or correct its url.",
)
EXTENSION_PART = Rule(
    "base-extension-part",
    "invalid",
    "The definition of the extension has no part of this url.",
    "Use the parts that the definition of the extension has.",
)
EXTENSION_CONTEXT = Rule(
    "base-extension-context",
    "structure",
    "The extension is used on an element that its definition does not name.",
    "Use the extension only where its definition allows it.",
)
EXTENSION_MODIFIER = Rule(
    "base-extension-modifier",
    "structure",
    "A modifier extension stands under extension, or an ordinary one under modifierExtension.",
    "Put the extension under the member that its definition says.",
)
NARRATIVE_CONTENT = Rule(
    "base-narrative-content",
    "invalid",
    "A narrative holds elements, attributes or links that FHIR does not allow there, or elements out of place.",
    "Use basic HTML formatting, tables, lists, images and links only; no scripts, forms or styles by link.",
)
NARRATIVE_EMPTY = Rule(
    "base-narrative-empty",
    "invariant",
    "A narrative has neither text nor an image (txt-2).",
    "Write what a reader must know, or leave the narrative out.",
)
NARRATIVE_LANGUAGE = Rule(
    "base-narrative-language",
    "business-rule",
    "The narrative's language is not said, or is not the resource's.",
    "Set lang and xml:lang on the div to Resource.language.",
    severity="warning",
)
DEFINITION_CIRCLE = Rule(
    "base-definition-circle",
    "business-rule",
    "A StructureDefinition is derived from itself.",
    "Name another definition in baseDefinition.",
)
DEFINITION_BASE = Rule(
    "base-definition",
    "business-rule",
    "The differential of a StructureDefinition does not fit what it constrains: an element that the base does not "
    "have, a value of another type or unlike the one that the base fixes, another kind, a profile of another type, a "
    "discriminator that leads nowhere. "
    "Where the base is not loaded, this is a warning: the differential was not checked.",
    "Constrain elements of the base, and only narrow them; load the package that holds the base.",
)
DEFINITION_CONTENT = Rule(
    "base-definition-content",
    "business-rule",
    "A CodeSystem or SearchParameter contradicts itself: properties of concepts that are not declared so, a property "
    "that is declared twice, another count than that of the concepts, a supplement to nothing; an expression that is "
    "no FHIRPath over the types that are searched, a composite without components.",
    "Declare each property once and use it so; count the concepts; name what is supplemented; write the expression.",
)
SYSTEM = Rule(
    "base-system",
    "invalid",
    "The system of a Coding, Quantity or Identifier is no absolute URI, or is the URL of a value set.",
    "Name the code system, or the system of the identifiers, by its absolute URI.",
)
ATTACHMENT_SIZE = Rule(
    "base-attachment-size",
    "structure",
    "Attachment.size is not the number of bytes of its data.",
    "Give the number of bytes before they are written as base64, or leave size out.",
)
