// One name for each canonical, identifier system and code system that is used in more than one place.

Alias: $canonical = https://discharge-adapter.example/fhir

// Identifier systems: Sweden's
Alias: $personnummer = http://electronichealth.se/identifier/personnummer
Alias: $samordningsnummer = http://electronichealth.se/identifier/samordningsnummer
Alias: $reservnummer = http://electronichealth.se/identifier/nationelltReservnummer
Alias: $hsa = urn:oid:1.2.752.29.4.19
Alias: $hsa-riv = urn:oid:1.2.752.129.2.1.4.1
Alias: $orgnr = urn:oid:2.5.4.97
Alias: $uri = urn:ietf:rfc:3986

// Identifier systems: ours
Alias: $sid-case = https://discharge-adapter.example/fhir/sid/case
Alias: $sid-stay = https://discharge-adapter.example/fhir/sid/stay
Alias: $sid-task = https://discharge-adapter.example/fhir/sid/task
Alias: $sid-kommunkod = https://discharge-adapter.example/fhir/sid/kommunkod

// Code systems: of others
Alias: $sct = http://snomed.info/sct
Alias: $v3-ActCode = http://terminology.hl7.org/CodeSystem/v3-ActCode
Alias: $v2-0203 = http://terminology.hl7.org/CodeSystem/v2-0203
Alias: $measure-population = http://terminology.hl7.org/CodeSystem/measure-population
Alias: $consentscope = http://terminology.hl7.org/CodeSystem/consentscope
Alias: $typeofcareplan = https://fhir.inera.se/CodeSystem/typeofcareplan-cs
Alias: $security-label = http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel
Alias: $hsa-befattning = urn:oid:1.2.752.129.2.2.1.4
Alias: $hsa-verksamhet = urn:oid:1.2.752.129.2.2.1.3

// Code systems: ours
Alias: $event = https://discharge-adapter.example/fhir/CodeSystem/event
Alias: $task-code = https://discharge-adapter.example/fhir/CodeSystem/task-code
Alias: $task-business-status = https://discharge-adapter.example/fhir/CodeSystem/task-business-status
Alias: $task-status-reason = https://discharge-adapter.example/fhir/CodeSystem/task-status-reason
Alias: $planning-section = https://discharge-adapter.example/fhir/CodeSystem/planning-section
Alias: $meeting = https://discharge-adapter.example/fhir/CodeSystem/meeting
Alias: $participant-kind = https://discharge-adapter.example/fhir/CodeSystem/participant-kind
Alias: $consent-kind = https://discharge-adapter.example/fhir/CodeSystem/consent-kind
Alias: $consent-basis = https://discharge-adapter.example/fhir/CodeSystem/consent-basis
Alias: $huvudman = https://discharge-adapter.example/fhir/CodeSystem/huvudman
Alias: $care-team-role = https://discharge-adapter.example/fhir/CodeSystem/care-team-role
Alias: $unit-kind = https://discharge-adapter.example/fhir/CodeSystem/unit-kind
Alias: $statement = https://discharge-adapter.example/fhir/CodeSystem/statement
Alias: $availability = https://discharge-adapter.example/fhir/CodeSystem/availability
Alias: $capacity = https://discharge-adapter.example/fhir/CodeSystem/capacity
Alias: $delay-cause = https://discharge-adapter.example/fhir/CodeSystem/delay-cause
Alias: $colour-track = https://discharge-adapter.example/fhir/CodeSystem/colour-track
Alias: $communication-kind = https://discharge-adapter.example/fhir/CodeSystem/communication-kind
Alias: $disagreement-kind = https://discharge-adapter.example/fhir/CodeSystem/disagreement-kind
Alias: $retraction-reason = https://discharge-adapter.example/fhir/CodeSystem/retraction-reason
Alias: $request-kind = https://discharge-adapter.example/fhir/CodeSystem/request-kind
Alias: $way-in = https://discharge-adapter.example/fhir/CodeSystem/way-in
Alias: $enrolment-criterion = https://discharge-adapter.example/fhir/CodeSystem/enrolment-criterion
Alias: $follow-up = https://discharge-adapter.example/fhir/CodeSystem/follow-up
Alias: $rule = https://discharge-adapter.example/fhir/CodeSystem/rule
