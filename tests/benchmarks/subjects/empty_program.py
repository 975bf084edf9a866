"""An empty program, to measure the interpreter itself."""
