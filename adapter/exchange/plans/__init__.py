"""Plans of others: asked for about the people whose cases are open, and put into the case by the one door."""
