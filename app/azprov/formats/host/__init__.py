"""Files of a Linux system: bytes to values and back."""
