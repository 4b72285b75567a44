Extension: PlacingMunicipality
Id: placing-municipality
Title: "Placing municipality (placerande kommun)"
Description: "The municipality that decided to place the person elsewhere, by kommunkod: it pays in place of the municipality of folkbokföring. Not part of the statutory admission notice."
Context: Encounter
* insert PublishedStructure
* value[x] 1..1
* value[x] ^requirements = "LAW 5:2"
* value[x] only Identifier
* valueIdentifier.system 1..1
* valueIdentifier.system = $sid-kommunkod
* valueIdentifier.value 1..1
* valueIdentifier obeys stay-kommunkod

Invariant: stay-kommunkod
Description: "A kommunkod shall be four digits, leading zeros included."
Severity: #error
Expression: "value.matches('^[0-9]{4}$')"
