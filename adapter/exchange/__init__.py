"""The service layer: receive, acknowledge, see, act. It ties the rooms below it together, one transaction a call."""
