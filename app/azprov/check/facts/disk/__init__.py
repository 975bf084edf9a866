"""What `check` reads of a disk file, without mounting anything and without privileges."""
