"""Secrets that an image build would take along, told on the COPY that takes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase, translate
from typing import TYPE_CHECKING

from draft_ls.analysis.edits import end_of, ignoring, line_end
from draft_ls.errors import Edit, Problem, Repair, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from draft_ls.analysis.copies import Taken
    from draft_ls.analysis.subject import Subject

READ_LIMIT = 64 * 1024
"""How much of one file is read to tell whether it holds a secret, in bytes."""

_HARMLESS = re.compile(r"[._-](?:example|sample|template|dist|defaults?|test|ci)$")
_ASSIGNED = re.compile(r"^\s*(?:export\s+)?\w+\s*=\s*\S", re.MULTILINE)
_TOKEN = re.compile(r"(?:_authToken|_auth|_password|npmAuthToken)\s*[=:]\s*[\"']?(?!\$)[^\s\"'$]")
_ACCOUNTS = ("*service*account*.json", "*credentials*.json", "gcp*.json", "*-key.json", "firebase*.json")
_ACCOUNT_KEY = re.compile(r"\"private_key\"\s*:\s*\"[^\"]")
_PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of secret.

    Attributes:
        what: what it is, for people.
        names: patterns for a file's name, or for the end of its path if they hold a slash.
        sign: what its text must hold; none if the name is enough.
    """

    what: str
    names: tuple[str, ...]
    sign: re.Pattern[str] | None = None


KINDS = (
    Kind("environment variables", (".env", ".env.*", "*.env"), _ASSIGNED),
    Kind("a private key", ("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"), None),
    Kind("a private key", ("*.pem", "*.key", "*.ppk"), _PRIVATE_KEY),
    Kind("a key store", ("*.pfx", "*.p12", "*.jks", "*.keystore"), None),
    Kind("access to a cluster", ("kubeconfig", "kubeconfig.*", "*.kubeconfig", ".kube/config"), None),
    Kind("a registry token", (".npmrc", ".yarnrc", ".yarnrc.yml"), _TOKEN),
    Kind("a registry token", (".pypirc",), re.compile(r"^\s*password\s*[=:]\s*\S", re.MULTILINE)),
    Kind("passwords", (".netrc", "_netrc", ".pgpass", ".my.cnf"), None),
    Kind("a registry login", (".docker/config.json", ".dockercfg"), re.compile(r"\"auth\"\s*:\s*\"[^\"]")),
    Kind("a cloud account's key", (".aws/credentials", "credentials.csv"), None),
    Kind("a cloud account's key", _ACCOUNTS, _ACCOUNT_KEY),
    Kind("a Terraform state", ("terraform.tfstate", "*.tfstate"), re.compile(r"\"(?:resources|outputs)\"")),
    Kind("a password store", (".htpasswd", "*.kdbx"), None),
)  # fmt: skip
"""What counts as a secret, most common first."""


def secret_problems(subject: Subject) -> Iterator[Problem]:
    """One problem for each COPY that takes a secret along, with every such file."""
    if subject.image is None:
        return
    secrets = {path: kind for path in subject.context.files if (kind := _kind(subject, path))}
    told: set[str] = set()
    for taken in subject.copies if secrets else ():
        found = [path for path in taken.files(secrets) if path not in told]
        if found:
            told.update(found)
            yield _problem(subject, taken, {path: secrets[path] for path in found})


_NAMES = re.compile(
    "|".join(translate(pattern.rpartition("/")[2]) for kind in KINDS for pattern in kind.names), re.IGNORECASE
)
"""Whether a name can be that of a secret at all: of ten thousand files, hardly any is."""


def _kind(subject: Subject, path: str) -> Kind | None:
    name = path.rpartition("/")[2].lower()
    if not _NAMES.match(name) or _HARMLESS.search(name):
        return None
    for kind in KINDS:
        if any(_fits(pattern, path, name) for pattern in kind.names):
            text = "" if kind.sign is None else subject.sources.read(path, READ_LIMIT) or ""
            if kind.sign is None or kind.sign.search(text):
                return kind
    return None


def _fits(pattern: str, path: str, name: str) -> bool:
    if "/" in pattern:
        return path == pattern or path.endswith(f"/{pattern}")
    return fnmatchcase(name, pattern)


def _problem(subject: Subject, taken: Taken, found: dict[str, Kind]) -> Problem:
    context = subject.context
    first, kind = next(iter(found.items()))
    more = f" and {len(found) - 1} more" if len(found) > 1 else ""
    source = taken.source_of(first)
    span = source.word.span if source else taken.instruction.span
    paths = list(found)
    if len(paths) == 1:
        repair = ignoring(subject, context, paths[0])
    else:
        end = line_end(context.ignore_text or "")
        text = context.ignore_text
        lead = "" if not text or text.endswith("\n") else end
        place = subject.source_place(context.ignore_path, end_of(text) if text is not None else None)
        lines = "".join(f"{path}{end}" for path in paths)
        repair = Repair(f"Add {len(paths)} files to {context.ignore_path}", (Edit(place, lead + lines),))
    return Problem(
        "secret-in-image",
        f"This puts {kind.what} into the image: {first}{more}.",
        place=subject.place(subject.environment.dockerfile, span),
        cause="Everybody who can pull the image can read it.",
        fix=f"Add {', '.join(paths[:3])} to {context.ignore_path}; give secrets to the pod as a Kubernetes Secret.",
        severity=Severity.WARNING,
        related=tuple((subject.source_place(path), each.what) for path, each in list(found.items())[:20]),
        repairs=(repair,),
    )
