"""Scaffold: packs, and a ``Detection`` turned into file edits. Pure."""
