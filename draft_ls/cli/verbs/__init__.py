"""The verbs of ``draft``, by what they are about. Each is a function; its signature is its command line."""
