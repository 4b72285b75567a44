CodeSystem: HelpNeededCodeSystem
Id: help-needed
Title: "Help needed (behov av hjälp)"
Description: "Answers of the questionnaire saker-utskrivning. The codes are this project's own: no published code system was found for them."
* insert Codes
* #alone "manages alone"
* #alone insert Swedish([[klarar själv]])
* #some "with some help"
* #some insert Swedish([[med viss hjälp]])
* #full "with help for everything"
* #full insert Swedish([[med hjälp i allt]])

ValueSet: HelpNeededValueSet
Id: help-needed
Title: "Help needed (behov av hjälp)"
Description: "All codes of the code system: help needed."
* insert Published
* include codes from system HelpNeededCodeSystem
