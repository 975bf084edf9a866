"""Nothing: what the interpreter costs by itself."""
