"""Draft for the editor: a language server that builds and deploys an app on every save."""

__version__ = "0.1.0"
