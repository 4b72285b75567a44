// Which of FHIR's statuses a message may have.

ValueSet: HospitalStayStatusValueSet
Id: hospital-stay-status
Title: "Status of a hospital stay (vårdtillfällets status)"
Description: "The statuses of Encounter that a hospital stay in a message may have."
* insert Published
* http://hl7.org/fhir/encounter-status#planned
* http://hl7.org/fhir/encounter-status#in-progress
* http://hl7.org/fhir/encounter-status#onleave
* http://hl7.org/fhir/encounter-status#finished
* http://hl7.org/fhir/encounter-status#cancelled
* http://hl7.org/fhir/encounter-status#entered-in-error

ValueSet: PlanStatusValueSet
Id: plan-status
Title: "Status of a plan (planens status)"
Description: "The statuses of CarePlan that a plan may have: its author knows which, so unknown is not among them."
* insert Published
* http://hl7.org/fhir/request-status#draft
* http://hl7.org/fhir/request-status#active
* http://hl7.org/fhir/request-status#on-hold
* http://hl7.org/fhir/request-status#revoked
* http://hl7.org/fhir/request-status#completed
* http://hl7.org/fhir/request-status#entered-in-error

ValueSet: MeetingStatusValueSet
Id: meeting-status
Title: "Status of a meeting (mötets status)"
Description: "The statuses of Appointment that a meeting may have."
* insert Published
* http://hl7.org/fhir/appointmentstatus#proposed
* http://hl7.org/fhir/appointmentstatus#pending
* http://hl7.org/fhir/appointmentstatus#booked
* http://hl7.org/fhir/appointmentstatus#fulfilled
* http://hl7.org/fhir/appointmentstatus#cancelled
* http://hl7.org/fhir/appointmentstatus#entered-in-error

ValueSet: ParticipationStatusValueSet
Id: participation-status
Title: "Status of a request to take part (begärans status)"
Description: "The statuses of Task that a request in a message may have: a draft is not sent."
* insert Published
* http://hl7.org/fhir/task-status#requested
* http://hl7.org/fhir/task-status#received
* http://hl7.org/fhir/task-status#accepted
* http://hl7.org/fhir/task-status#rejected
* http://hl7.org/fhir/task-status#ready
* http://hl7.org/fhir/task-status#cancelled
* http://hl7.org/fhir/task-status#in-progress
* http://hl7.org/fhir/task-status#on-hold
* http://hl7.org/fhir/task-status#failed
* http://hl7.org/fhir/task-status#completed
* http://hl7.org/fhir/task-status#entered-in-error

ValueSet: AbortStatusValueSet
Id: abort-status
Title: "Status of a request to stop (avbrottsbegärans status)"
Description: "The statuses of Task that a request to stop may have: it is accepted or rejected, and nothing is done in between."
* insert Published
* http://hl7.org/fhir/task-status#requested
* http://hl7.org/fhir/task-status#received
* http://hl7.org/fhir/task-status#accepted
* http://hl7.org/fhir/task-status#rejected
* http://hl7.org/fhir/task-status#cancelled
* http://hl7.org/fhir/task-status#completed
* http://hl7.org/fhir/task-status#entered-in-error

ValueSet: CommunicationStatusValueSet
Id: communication-status
Title: "Status of words that were sent (meddelandets status)"
Description: "What is in a message has been said; it can only have been said by mistake."
* insert Published
* http://hl7.org/fhir/event-status#completed
* http://hl7.org/fhir/event-status#entered-in-error

ValueSet: StatementStatusValueSet
Id: statement-status
Title: "Status of a statement (uppgiftens status)"
Description: "The statuses of Observation that a statement in a message may have."
* insert Published
* http://hl7.org/fhir/observation-status#final
* http://hl7.org/fhir/observation-status#amended
* http://hl7.org/fhir/observation-status#corrected
* http://hl7.org/fhir/observation-status#entered-in-error

ValueSet: ReferralStatusValueSet
Id: referral-status
Title: "Status of a referral (överföringens status)"
Description: "The statuses of ServiceRequest that a referral in a message may have."
* insert Published
* http://hl7.org/fhir/request-status#active
* http://hl7.org/fhir/request-status#on-hold
* http://hl7.org/fhir/request-status#revoked
* http://hl7.org/fhir/request-status#completed
* http://hl7.org/fhir/request-status#entered-in-error

ValueSet: ResponseStatusValueSet
Id: response-status
Title: "Status of answers (svarens status)"
Description: "The statuses of QuestionnaireResponse that answers in a message may have: unfinished ones are not sent."
* insert Published
* http://hl7.org/fhir/questionnaire-answers-status#completed
* http://hl7.org/fhir/questionnaire-answers-status#amended
* http://hl7.org/fhir/questionnaire-answers-status#entered-in-error
