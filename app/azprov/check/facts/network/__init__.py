"""How an image configures its network."""
