CodeSystem: MessageRoleCodeSystem
Id: message-role
Title: "Role in a message (roll i ett meddelande)"
Description: "Who sends an event, and to whom: the code of a MessageDefinition's useContext. The codes are this project's own: no published code system was found for them."
* insert Codes
* #sender "sender"
* #sender insert Swedish([[avsändare]])
* #receiver "receiver"
* #receiver insert Swedish([[mottagare]])

ValueSet: MessageRoleValueSet
Id: message-role
Title: "Role in a message (roll i ett meddelande)"
Description: "All codes of the code system: role in a message."
* insert Published
* include codes from system MessageRoleCodeSystem
