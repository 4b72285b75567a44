CodeSystem: HuvudmanCodeSystem
Id: huvudman
Title: "Whose responsibility (ansvarig huvudman)"
Description: "Who answers for a measure: which huvudman, and under which law (LAW 4:1). The codes are this project's own: no published code system was found for them."
* insert Codes
* #region "region"
* #region insert Swedish([[region]])
* #municipality-sol "municipality, social services" "Under socialtjänstlagen (2025:400)."
* #municipality-sol insert Swedish([[kommun SoL]])
* #municipality-hsl "municipality, health care" "Under hälso- och sjukvårdslagen (2017:30): hälso- och sjukvård i hemmet."
* #municipality-hsl insert Swedish([[kommun HSL]])
* #other "other than region or municipality" "Measures by others than region or municipality."
* #other insert Swedish([[annan]])
* #person "the person" "What the person does herself or himself."
* #person insert Swedish([[personen själv]])

ValueSet: HuvudmanValueSet
Id: huvudman
Title: "Whose responsibility (ansvarig huvudman)"
Description: "All codes of the code system: whose responsibility."
* insert Published
* include codes from system HuvudmanCodeSystem
