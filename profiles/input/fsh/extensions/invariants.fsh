Invariant: stay-day-known
Description: "A time that the planning counts from shall be at least a whole date."
Severity: #error
Expression: "$this.toString().length() >= 10"

Invariant: stay-instant
Description: "A time that a clock of the law counts from shall have date, time and offset."
Severity: #error
Expression: "$this.toString().matches('T.+(Z|[+-][0-9]{2}:[0-9]{2})$')"

Invariant: stay-assessor
Description: "The assessor shall be named: by the text, or by the reference's display or HSA-id."
Severity: #error
Expression: "$this is string or display.exists() or identifier.exists() or reference.exists()"
