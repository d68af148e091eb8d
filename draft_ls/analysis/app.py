"""Everything that can be said about an app from its texts alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.analysis.context import Memory
from draft_ls.analysis.draft_toml import config_problems
from draft_ls.config.build_context import levels_of
from draft_ls.config.model import CONFIG_FILE, Environment
from draft_ls.config.names import dns_label
from draft_ls.config.read import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from draft_ls.analysis.subject import Subject
    from draft_ls.config.model import AppConfig
    from draft_ls.errors import Problem
    from draft_ls.files import Tree


def problems_of_app(tree: Tree, memory: Memory | None = None) -> tuple[Problem, ...]:
    """What is wrong with the app at the tree's root, in every file concerned; nothing if it is no app.

    Args:
        tree: the app's folder, with unsaved text laid over it.
        memory: what the last look at the same folder found; it is brought up to date and makes the next quick.
    """
    text = tree.read(CONFIG_FILE)
    if text is None:
        return ()
    config = parse(text, tree.root / CONFIG_FILE)
    found = [*config.problems, *config_problems(tree, config), *_contracts(tree, config, memory or Memory())]
    return tuple(dict.fromkeys(found))


def highest_context(tree: Tree) -> int:
    """How many folders above the app at the tree's root the highest of its build contexts lies."""
    environments = parse(tree.read(CONFIG_FILE) or "", tree.root / CONFIG_FILE).environments.values()
    return max((levels_of(each.build_context) for each in environments), default=0)


def _contracts(tree: Tree, config: AppConfig, memory: Memory) -> Iterator[Problem]:
    """What each environment's image and chart say; those that are the same are looked at once."""
    # The Dockerfile's reader, YAML and the rest load only when there is an app.
    from draft_ls.analysis.subject import Subject

    seen: set[tuple[object, ...]] = set()
    environments = list(config.environments.values()) or [Environment("", dns_label(tree.root.name))]
    for each in environments:
        parts = (
            each.build_context,
            each.dockerfile,
            each.chart,
            each.values,
            each.set,
            each.override_ports,
            each.build_tar,
            each.chart_tar,
            each.watch and each.sync.mode,
        )
        key = (*parts, *sorted(each.image_build_args.items()))
        if key in seen:
            continue
        seen.add(key)
        subject = Subject(tree, config, each, memory)
        for analysis in _analyses():
            yield from analysis(subject)


def _analyses() -> tuple[Callable[[Subject], Iterator[Problem]], ...]:
    """Every analysis of an app, in the order in which its problems are told."""
    from draft_ls.analysis.address import address_problems
    from draft_ls.analysis.chart_problems import chart_problems
    from draft_ls.analysis.dependencies import dependency_problems
    from draft_ls.analysis.dockerfile_problems import copy_problems, dockerfile_problems
    from draft_ls.analysis.drift import drift_problems
    from draft_ls.analysis.named_ports import named_port_problems
    from draft_ls.analysis.ports import port_problems
    from draft_ls.analysis.secrets import secret_problems
    from draft_ls.analysis.start_command import start_problems
    from draft_ls.analysis.sync_preflight import sync_problems
    from draft_ls.analysis.user import user_problems
    from draft_ls.analysis.weight import weight_problems

    return (
        dockerfile_problems,
        copy_problems,
        dependency_problems,
        start_problems,
        address_problems,
        user_problems,
        secret_problems,
        weight_problems,
        chart_problems,
        port_problems,
        named_port_problems,
        sync_problems,
        drift_problems,
    )
