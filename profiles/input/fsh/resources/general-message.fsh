Profile: GeneralMessage
Parent: Communication
Id: general-message
Title: "General message"
Description: "Generellt meddelande: free text about the case."
* insert Words
* topic MS
* topic ^short = "The subject line"
* recipient MS
* inResponseTo MS
