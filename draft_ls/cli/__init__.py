"""Face 2: the ``draft`` command."""
