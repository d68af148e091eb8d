"""Analysis: a ``Tree`` in, problems across code, Dockerfile, chart and draft.toml out. Pure."""
