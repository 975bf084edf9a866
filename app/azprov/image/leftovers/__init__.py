"""Files that a used machine leaves, and that an image must not hold."""
