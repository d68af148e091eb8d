"""What the client can do and what it was told to say, read once at ``initialize``."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar, cast

import attrs
from lsprotocol.types import MarkupKind, ResourceOperationKind

from draft_ls.server.protocol import InitializationOptions, Settings

if TYPE_CHECKING:
    from lsprotocol.types import ClientCapabilities

logger = logging.getLogger(__name__)

T = TypeVar("T", InitializationOptions, Settings)


@attrs.frozen
class Client:
    """What the client can do; everything is false for a client that says nothing.

    Attributes:
        create_files: it applies edits that create files, in order with text edits.
        annotations: it shows change annotations, so that edits can be confirmed.
        refactoring: it takes the hint that an edit is a refactoring, and saves what it changed.
        apply_edits: it applies edits that the server sends.
        resolve_edits: it asks for the edit of a code action only when it is chosen.
        code_actions: it knows code actions that are not plain commands.
        progress: the server may start progress.
        pull: it asks for diagnostics; else they are pushed.
        related: it shows related information of diagnostics.
        versions: it wants the version that a pushed diagnostic is about.
        markdown: it renders Markdown in hovers.
        symbols: it knows document symbols that nest.
        show_document: it opens URLs and files.
    """

    create_files: bool = False
    annotations: bool = False
    refactoring: bool = False
    apply_edits: bool = False
    resolve_edits: bool = False
    code_actions: bool = False
    progress: bool = False
    pull: bool = False
    refresh_diagnostics: bool = False
    refresh_lenses: bool = False
    refresh_hints: bool = False
    related: bool = False
    versions: bool = False
    markdown: bool = False
    symbols: bool = False
    show_document: bool = False
    configuration: bool = False
    watch_files: bool = False
    watch_configuration: bool = False

    @classmethod
    def of(cls, capabilities: ClientCapabilities) -> Client:
        """Read the capabilities that matter here."""
        get = _Reader(capabilities)
        edit, code_action = "workspace.workspace_edit", "text_document.code_action"
        create = ResourceOperationKind.Create in (get.any(f"{edit}.resource_operations") or ())
        resolvable = get.any(f"{code_action}.resolve_support.properties") or ()
        formats = get.any("text_document.hover.content_format") or ()
        push = "text_document.publish_diagnostics"
        return cls(
            create_files=create and get.flag(f"{edit}.document_changes"),
            annotations=get.any(f"{edit}.change_annotation_support") is not None,
            refactoring=get.flag(f"{edit}.metadata_support"),
            apply_edits=get.flag("workspace.apply_edit"),
            resolve_edits="edit" in resolvable and get.flag(f"{code_action}.data_support"),
            code_actions=get.any(f"{code_action}.code_action_literal_support") is not None,
            progress=get.flag("window.work_done_progress"),
            pull=get.any("text_document.diagnostic") is not None,
            refresh_diagnostics=get.flag("workspace.diagnostics.refresh_support"),
            refresh_lenses=get.flag("workspace.code_lens.refresh_support"),
            refresh_hints=get.flag("workspace.inlay_hint.refresh_support"),
            related=get.flag(f"{push}.related_information"),
            versions=get.flag(f"{push}.version_support"),
            markdown=MarkupKind.Markdown in formats,
            symbols=get.flag("text_document.document_symbol.hierarchical_document_symbol_support"),
            show_document=get.flag("window.show_document.support"),
            configuration=get.flag("workspace.configuration"),
            watch_files=get.flag("workspace.did_change_watched_files.dynamic_registration"),
            watch_configuration=get.flag("workspace.did_change_configuration.dynamic_registration"),
        )


class _Reader:
    """Follows dotted paths through capabilities in which anything may be missing."""

    def __init__(self, capabilities: ClientCapabilities) -> None:
        self._capabilities = capabilities

    def any(self, path: str) -> Any:
        found: Any = self._capabilities
        for name in path.split("."):
            found = getattr(found, name, None)
        return found

    def flag(self, path: str) -> bool:
        return self.any(path) is True


def read_options(type_: type[T], given: object) -> T:
    """Read settings field by field: one of the wrong type is reported in the log and has its default."""
    if given is None:
        return type_()
    if not isinstance(given, dict):
        logger.warning("The client's settings for Draft are not an object; the defaults are used.")
        return type_()
    values: dict[str, Any] = {}
    known = {_camel(field.name): field for field in attrs.fields(type_)}
    for name, value in cast("dict[str, object]", given).items():
        field = known.get(name)
        if field is None or value is None:
            continue
        if _fits(value, field.default):
            values[field.name] = value
        else:
            logger.warning("The client's setting draft.%s has a value of the wrong type.", name)
    return type_(**values)


def _fits(value: object, default: object) -> bool:
    if isinstance(default, bool):
        return isinstance(value, bool)
    return isinstance(value, str)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)
