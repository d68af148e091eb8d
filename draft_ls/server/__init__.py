"""Face 1: the language server. The only room that imports pygls."""
