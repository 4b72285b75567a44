"""Any number of invented patients' journeys, written one after another: for load tests and rehearsals."""
