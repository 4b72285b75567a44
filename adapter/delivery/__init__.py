"""What was accepted arrives: ordered, durable, and no oftener than once at a receiver that honours the message's id."""
