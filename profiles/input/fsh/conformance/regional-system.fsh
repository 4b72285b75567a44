Instance: statement-regional-system
InstanceOf: CapabilityStatement
Usage: #definition
* insert Capabilities(regional-system)
* name = "RegionalSystem"
* title = "Regional system of inpatient care (slutenvård)"
* description = "What the record system of a hospital sends and takes in. A system states what it does of this in a CapabilityStatement of its own."
* insert TakesPart
* insert Takes(care-request)
* insert Sends(admission-notice)
* insert Sends(admission-notice-update)
* insert Sends(ready-for-discharge)
* insert Sends(ready-for-discharge-withdrawn)
* insert Sends(open-care-availability)
* insert Takes(open-care-availability)
* insert Takes(capacity-answer)
* insert Takes(sip-invitation)
* insert Takes(sip)
* insert Sends(discharge-notice)
* insert Sends(patient-information)
