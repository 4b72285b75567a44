Profile: CoerciveCarePlan
Parent: CoordinatedPlan
Id: coercive-care-plan
Title: "Coordinated care plan in compulsory psychiatric care"
Description: "Samordnad vårdplan (SPLPTLRV): for a person in öppen tvångsvård, in place of the coordinated individual plan. It does not rest on consent."
* insert PublishedStructure
* ^purpose = "Legal ground: LAW 4:1; LPT 7 a §; LRV 12 a §"
* category[kind].coding.code = #SPLPTLRV
