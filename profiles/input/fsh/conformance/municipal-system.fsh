Instance: statement-municipal-system
InstanceOf: CapabilityStatement
Usage: #definition
* insert Capabilities(municipal-system)
* name = "MunicipalSystem"
* title = "Municipal system (kommun SoL och HSL)"
* description = "What the system of a municipality's social services and health care at home sends and takes in. A system states what it does of this in a CapabilityStatement of its own."
* insert TakesPart
* insert Sends(care-request)
* insert Takes(admission-notice)
* insert Takes(admission-notice-update)
* insert Takes(ready-for-discharge)
* insert Takes(ready-for-discharge-withdrawn)
* insert Takes(open-care-availability)
* insert Sends(capacity-answer)
* insert Takes(sip-invitation)
* insert Sends(sip)
* insert Takes(sip)
* insert Takes(discharge-notice)
* insert Takes(patient-information)
* insert Takes(home-care-referral)
