Instance: statement-open-care-system
InstanceOf: CapabilityStatement
Usage: #definition
* insert Capabilities(open-care-system)
* name = "OpenCareSystem"
* title = "System of region-financed open care (regionfinansierad öppenvård)"
* description = "What the system of a health centre or an outpatient clinic sends and takes in. A system states what it does of this in a CapabilityStatement of its own."
* insert TakesPart
* insert Sends(care-request)
* insert Takes(admission-notice)
* insert Takes(admission-notice-update)
* insert Takes(ready-for-discharge)
* insert Takes(ready-for-discharge-withdrawn)
* insert Sends(open-care-availability)
* insert Sends(capacity-answer)
* insert Takes(capacity-answer)
* insert Sends(sip-invitation)
* insert Sends(sip)
* insert Takes(sip)
* insert Takes(discharge-notice)
* insert Takes(patient-information)
* insert Sends(home-care-referral)
