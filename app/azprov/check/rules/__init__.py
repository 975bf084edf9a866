"""The rules of `check`, from facts to findings."""
