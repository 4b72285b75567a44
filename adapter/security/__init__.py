"""Who asks, what they may do, what they did, and how identities and content are kept."""
