"""Documents of the platform: bytes to values and back."""
