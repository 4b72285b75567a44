// What every profile and extension of ours has in common.

RuleSet: PublishedStructure
* ^experimental = false

// Ground: the paragraph that an element rests on.
RuleSet: Ground(path, text)
* {path} ^requirements = "{text}"
