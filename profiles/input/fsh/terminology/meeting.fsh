CodeSystem: MeetingCodeSystem
Id: meeting
Title: "Kind of meeting (mötestyp)"
Description: "What a meeting about the case is held for. The codes are this project's own: no published code system was found for them."
* insert Codes
* #sip "coordinated individual planning" "LAW 4:1."
* #sip insert Swedish([[samordnad individuell planering]])
* #coordinated-care-plan "coordinated care plan" "Under LPT 7 a § or LRV 12 a §, in place of the coordinated individual plan (LAW 4:1)."
* #coordinated-care-plan insert Swedish([[samordnad vårdplan]])
* #follow-up "follow-up" "Follow-up of a plan."
* #follow-up insert Swedish([[uppföljning]])

ValueSet: MeetingValueSet
Id: meeting
Title: "Kind of meeting (mötestyp)"
Description: "All codes of the code system: kind of meeting."
* insert Published
* include codes from system MeetingCodeSystem
