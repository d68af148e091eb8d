"""Detection: a ``Tree`` in, ``Detection``s with their evidence out. Pure."""
