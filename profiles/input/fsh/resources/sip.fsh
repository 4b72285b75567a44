Profile: Sip
Parent: CoordinatedPlan
Id: sip
Title: "Coordinated individual plan"
Description: "Samordnad individuell plan (SIP), or one party's contribution to it. Drawn up only if the person consents (LAW 4:2)."
* insert PublishedStructure
* ^purpose = "Legal ground: LAW 4:1-2; HSL 16:4; SoL (2025:400) 10:8-9"
* category[kind].coding.code = #SIP
* insert Ground(extension[overallResponsibility], [[LAW 4:1: which huvudman has the overall responsibility]])
* activity 1..*
