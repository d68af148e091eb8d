"""draft.toml: its schema, reading with exact places, defaults, validation and comment-keeping edits. Pure."""
