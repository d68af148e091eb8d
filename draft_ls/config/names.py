"""Names that Kubernetes and Helm accept: RFC 1123 labels and subdomains."""

from __future__ import annotations

import re
import unicodedata

LABEL_LIMIT = 63
"""The longest RFC 1123 label, which bounds a namespace."""

RELEASE_LIMIT = 53
"""The longest Helm release name: Helm leaves ten characters for the suffixes that charts add."""

SUBDOMAIN_LIMIT = 253
"""The longest RFC 1123 subdomain: a secret's name, and that of most other objects."""

LABEL_RULE = "lower-case letters, digits and '-', with a letter or digit at both ends"

_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")


def is_dns_label(text: str, limit: int = LABEL_LIMIT) -> bool:
    """Whether ``text`` is an RFC 1123 label of at most ``limit`` characters."""
    return len(text) <= limit and _LABEL.fullmatch(text) is not None


def is_release_name(text: str) -> bool:
    """Whether Helm and the charts of the packs accept ``text`` as the name of a release."""
    return is_dns_label(text, RELEASE_LIMIT)


def is_namespace(text: str) -> bool:
    """Whether Kubernetes accepts ``text`` as the name of a namespace."""
    return is_dns_label(text, LABEL_LIMIT)


def is_secret_name(text: str) -> bool:
    """Whether Kubernetes accepts ``text`` as the name of a secret: labels, with dots between them."""
    return len(text) <= SUBDOMAIN_LIMIT and all(_LABEL.fullmatch(label) for label in text.split("."))


def dns_label(text: str, limit: int = RELEASE_LIMIT) -> str:
    """The label nearest to ``text``: ``"Mein Büro_App"`` → ``"mein-buro-app"``; ``"app"`` if nothing is left.

    It starts with a letter, because Kubernetes names a Service by the stricter RFC 1035.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    label = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    if not label:
        return "app"
    if label[0].isdigit():
        label = f"app-{label}"
    return label[:limit].rstrip("-")
