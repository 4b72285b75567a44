CodeSystem: ParticipantKindCodeSystem
Id: participant-kind
Title: "Summoned or invited (kallad eller inbjuden)"
Description: "Whether a participant is bound to come. The codes are this project's own: no published code system was found for them."
* insert Codes
* #summoned "summoned" "A kallelse binds: it goes to the units of region and municipality (LAW 4:3)."
* #summoned insert Swedish([[kallad]])
* #invited "invited" "An inbjudan binds nobody: relatives, school, authorities, others."
* #invited insert Swedish([[inbjuden]])

ValueSet: ParticipantKindValueSet
Id: participant-kind
Title: "Summoned or invited (kallad eller inbjuden)"
Description: "All codes of the code system: summoned or invited."
* insert Published
* include codes from system ParticipantKindCodeSystem
