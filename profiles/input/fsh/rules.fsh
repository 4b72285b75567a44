// What every profile and extension of ours has in common.

RuleSet: PublishedStructure
* ^experimental = false

// The paragraph that an element rests on. LAW is Lag (2017:612).
RuleSet: Ground(path, text)
* {path} ^requirements = "{text}"

// An element that names a person or a unit: something must say whom.
RuleSet: Named(path)
* {path} obeys ref-named

Invariant: ref-named
Description: "A reference shall say whom it means: by reference or by identifier; a display alone leads nowhere."
Severity: #error
Expression: "reference.exists() or identifier.value.exists()"
