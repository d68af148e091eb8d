"""Where an environment is deployed: resolved once for each run, shown, and passed explicitly to every call.

The context guard lives here. A context that draft.toml does not name and that is not of this machine is only
used after the person has said so, once for each app and context.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from draft_ls.cluster.contexts import is_local, load_contexts, resolve
from draft_ls.deploy.model import Target as ReleaseTarget
from draft_ls.engine.model import Question
from draft_ls.errors import DraftError, Problem, Stage

if TYPE_CHECKING:
    from pathlib import Path

    from draft_ls.cluster.contexts import Contexts
    from draft_ls.config.model import AppConfig, Environment
    from draft_ls.engine.model import Ask
    from draft_ls.errors import Place

logger = logging.getLogger(__name__)

DEPLOY = "Deploy"
CANCEL = "Cancel"


def find_place(config: AppConfig, environment: Environment) -> tuple[ReleaseTarget, Contexts]:
    """The release's context, namespace and name. Blocks on the kubeconfig files.

    Raises:
        DraftError: no kubeconfig, or no context that the environment allows; placed at the ``context`` key.
    """
    try:
        contexts = load_contexts()
        name = resolve(contexts, environment.contexts)
    except DraftError as error:
        place = config.place(environment.key, "context")
        raise DraftError(*(_placed(problem, place) for problem in error.problems)) from error
    return ReleaseTarget(name, environment.namespace, environment.name, contexts.kubeconfig), contexts


def _placed(problem: Problem, place: Place) -> Problem:
    mine = problem.place is None and problem.code.startswith("context-")
    return replace(problem, place=place if mine else problem.place, stage=Stage.RELEASE)


class Guard:
    """Asks before the first deploy to a context that is neither named in draft.toml nor on this machine.

    Args:
        state: the folder where consent is remembered.
        ask: puts the question.
    """

    def __init__(self, state: Path, ask: Ask) -> None:
        self._file = state / "contexts.json"
        self._ask = ask

    async def check(
        self, app: Path, environment: Environment, place: ReleaseTarget, contexts: Contexts
    ) -> None:
        """Return if the app may be deployed there.

        Raises:
            DraftError: the person said no, or nobody was there to answer.
        """
        context = contexts.by_name[place.context]
        if environment.contexts or is_local(context) or self._consented(app, place.context, context.server):
            return
        question = Question(
            f"Deploy {environment.name} to the kube context {place.context} ({context.server})? "
            "It is not on this machine, and draft.toml does not name it.",
            (DEPLOY, CANCEL),
        )
        if await self._ask(question) != DEPLOY:
            raise DraftError(
                Problem(
                    "context-not-confirmed",
                    f"Deploying to the kube context {place.context} was not confirmed.",
                    Stage.RELEASE,
                    fix=f'Confirm it, or write context = "{place.context}" into draft.toml.',
                )
            )
        self._remember(app, place.context, context.server)

    def _consented(self, app: Path, context: str, server: str) -> bool:
        return _mark(app, context, server) in self._read()

    def _remember(self, app: Path, context: str, server: str) -> None:
        marks = [*self._read(), _mark(app, context, server)]
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(marks), "utf-8")
        except OSError as error:
            logger.warning("consent could not be remembered in %s: %s", self._file, error)

    def _read(self) -> list[str]:
        try:
            marks: Any = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            return []
        return [str(mark) for mark in cast("list[object]", marks)] if isinstance(marks, list) else []


def _mark(app: Path, context: str, server: str) -> str:
    return hashlib.sha256(f"{app}\0{context}\0{server}".encode()).hexdigest()
