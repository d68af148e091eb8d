"""The verbs that only look: plan, status, history, doctor, version."""

import platform
from typing import TYPE_CHECKING

from draft_ls import __version__
from draft_ls.cli import running
from draft_ls.cli.encoding import encode
from draft_ls.cli.exits import Exit
from draft_ls.cli.options import HERE, EnvironmentName, Folder, Form, OutputForm, session_key
from draft_ls.cli.output import Output
from draft_ls.engine import presence
from draft_ls.engine.model import Check, Deployment

if TYPE_CHECKING:
    from draft_ls.engine.engine import Engine


def plan(path: Folder = HERE, environment: EnvironmentName = None, output: OutputForm = Form.TEXT) -> None:
    """Show what the next save would do, and why."""
    out = Output(as_json=output is Form.JSON)
    key = session_key(path, environment)

    async def work(engine: "Engine") -> Exit:
        found = await engine.plan(key)
        out.document({**encode(key), **encode(found)})
        step = f" from step {found.from_step} of {found.steps}" if found.from_step and found.steps else ""
        out.say(f"--> {found.kind.capitalize()}{step}: {found.reason}")
        for file in found.files:
            out.say(f"    {file}")
        return Exit.OK

    running.run_with_engine(out, work)


def status(path: Folder = HERE, environment: EnvironmentName = None, output: OutputForm = Form.TEXT) -> None:
    """Show what was deployed last, and which process works on it. Asks no cluster."""
    from draft_ls.engine.history import History
    from draft_ls.engine.reading import read_environment

    out = Output(as_json=output is Form.JSON)
    key = session_key(path, environment)

    def work() -> Exit:
        _, configured = read_environment(key)
        holder = presence.holder(running.state(), key)
        last = next(iter(History(running.state()).read(key)), None)
        facts = {"name": configured.name, "namespace": configured.namespace, "process": None}
        facts |= encode(holder) if holder else {}
        out.document({**encode(key), **facts, "last": encode(last)})
        out.say(f"--> {configured.name} in {configured.namespace} ({key.environment})")
        out.say(f"--> {_told(last)}" if last else "--> Never deployed from this machine")
        out.say(
            f"--> Process {holder.process} works on it: {holder.program}"
            if holder
            else "--> Nobody works on it"
        )
        return Exit.OK

    running.finish(out, work)


def history(path: Folder = HERE, environment: EnvironmentName = None, output: OutputForm = Form.TEXT) -> None:
    """Show the recorded deployments, newest first."""
    from draft_ls.engine.history import History

    out = Output(as_json=output is Form.JSON)
    key = session_key(path, environment)

    def work() -> Exit:
        deployments = History(running.state()).read(key)
        out.document({**encode(key), "deployments": encode(deployments)})
        for each in deployments:
            out.say(_told(each))
        if not deployments:
            out.say("--> Never deployed from this machine")
        return Exit.OK

    running.finish(out, work)


def _told(deployment: Deployment) -> str:
    """One deployment as a line."""
    revision = f" revision {deployment.revision}" if deployment.revision else ""
    result = deployment.url or deployment.message
    took = f"{deployment.took:.1f} s"
    return f"{deployment.at}  {deployment.outcome}{revision}  {took}  {deployment.cause}  {result}".rstrip()


def doctor(path: Folder = HERE, environment: EnvironmentName = None, output: OutputForm = Form.TEXT) -> None:
    """Look at everything that an up needs: Docker, registry, Helm, cluster, permissions."""
    from draft_ls.config.model import CONFIG_FILE

    out = Output(as_json=output is Form.JSON)
    key = session_key(path, environment)
    known = (key.app / CONFIG_FILE).is_file()

    async def work(engine: "Engine") -> Exit:
        checks = await engine.doctor(key if known else None)
        out.document({"checks": encode(checks)})
        for check in checks:
            say_check(out, check)
        return Exit.OK if all(check.ok for check in checks) else Exit.FAILED

    running.run_with_engine(out, work)


def say_check(out: Output, check: Check) -> None:
    """One line of a doctor, and what to do about it."""
    out.say(f"{'ok  ' if check.ok else 'FAIL'}  {check.name}: {check.seen}", style="" if check.ok else "red")
    if check.fix and not check.ok:
        out.say(f"      fix: {check.fix}")


def version(output: OutputForm = Form.TEXT) -> None:
    """Show the version."""
    out = Output(as_json=output is Form.JSON)
    out.document({"version": __version__, "python": platform.python_version()})
    out.say(f"draft {__version__}")
