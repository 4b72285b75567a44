// What every code system and value set of ours has in common.

RuleSet: Published
* ^experimental = false

RuleSet: Codes
* insert Published
* ^caseSensitive = true
* ^content = #complete
* ^language = #en

RuleSet: Swedish(text)
* ^designation[+].language = #sv
* ^designation[=].value = "{text}"
