"""The Dockerfile, read with exact places and tolerant of broken text. Pure."""
