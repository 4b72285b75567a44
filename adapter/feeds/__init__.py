"""Journal systems without FHIR messages: what they send is read here, and what is to be told of it is decided.

Pure: bytes and configuration in, stay events and decisions out. HL7 v2 ADT (`adt`) and our own flat format (`flat`)
both end up as `events.StayEvent`; `stay` makes one picture of all events of a stay, whatever order they came in;
`telling` says which messages bring what a receiver was told to that picture, and what is missing for them.
"""
