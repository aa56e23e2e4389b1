"""Everything that touches the operator's file: what it is, its cells as they are, the results beside it."""
