// Questionnaires are in Swedish, for those who answer are; each text has an English translation.

RuleSet: OwnQuestionnaire(id, title)
* id = "{id}"
* url = "https://discharge-adapter.example/fhir/Questionnaire/{id}"
* version = "1.0.0"
* title = "{title}"
* status = #active
* experimental = false
* publisher = "discharge-adapter"
* jurisdiction = urn:iso:std:iso:3166#SE "Sweden"
* language = #sv

RuleSet: Question(id, type, sv, en)
* item[+].linkId = "{id}"
* item[=].type = #{type}
* item[=].text = "{sv}"
* item[=].text.extension.url = "http://hl7.org/fhir/StructureDefinition/translation"
* item[=].text.extension.extension[0].url = "lang"
* item[=].text.extension.extension[0].valueCode = #en
* item[=].text.extension.extension[1].url = "content"
* item[=].text.extension.extension[1].valueString = "{en}"

RuleSet: From(valueset)
* item[=].answerValueSet = "https://discharge-adapter.example/fhir/ValueSet/{valueset}"
