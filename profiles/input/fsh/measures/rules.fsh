// What the Measures of the follow-up have in common. No scoring is declared: a score is absent where nothing was counted,
// and masked where it is hidden, which a declared scoring does not allow.

RuleSet: FollowUpMeasure(part, title)
* url = "https://discharge-adapter.example/fhir/Measure/follow-up-{part}"
* version = "1.0.0"
* title = "{title}"
* status = #active
* experimental = false
* publisher = "discharge-adapter"
* jurisdiction = urn:iso:std:iso:3166#SE "Sweden"
* language = #en
* subjectCodeableConcept = http://hl7.org/fhir/resource-types#Encounter
* guidance = "A report has a group for each measure, with its numbers in all, and strata by unit and month. Numbers below the threshold are masked (data-absent-reason), and so is what they could be computed from. Protected persons are not counted."

RuleSet: Counted(code, title)
* group[+].code = $follow-up#{code} "{title}"

RuleSet: Population(code, words)
* group[=].population[+].code = $measure-population#{code}
* group[=].population[=].criteria.language = #text/plain
* group[=].population[=].criteria.expression = "{words}"

RuleSet: Share(code, title)
* insert Counted({code}, {title})
* insert Population(denominator, [[stays that it applies to]])
* insert Population(numerator, [[those of them of which it is so]])
* group[=].stratifier.code = $follow-up#unit-and-month

RuleSet: Days(code, title)
* insert Counted({code}, {title})
* insert Population(measure-population, [[stays with such a time; the score is the median in days]])
* group[=].stratifier.code = $follow-up#unit-and-month

RuleSet: Coded(code, title)
* insert Counted({code}, {title})
* insert Population(measure-population, [[stays with a cause; a stay may have several]])
* group[=].stratifier.code = $follow-up#cause-unit-and-month
