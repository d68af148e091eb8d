"""What the lens above a file says."""

from pathlib import Path

import pytest

from draft_ls.engine.events import Key, State, Status
from draft_ls.engine.model import Plan, PlanKind
from draft_ls.engine.outlook import Outlook
from draft_ls.errors import Problem
from draft_ls.server.file_lenses import title

SYNC = Plan(PlanKind.SYNC, "", ("app.py",))
FAILED = Problem("build-step-failed", "The build step `RUN false` failed\nwith exit code 1.")


def status(state: State, *, watching: bool = True) -> Status:
    problems = (FAILED,) if state is State.FAILED else ()
    return Status(Key(Path("/app"), "development"), state, watching=watching, problems=problems)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (SYNC, "sync 1 file"),
        (Plan(PlanKind.SYNC, "", ("app.py", "page.html")), "sync 2 files"),
        (Plan(PlanKind.BUILD, "", ("Dockerfile",), 4, 9), "rebuild from step 4 of 9"),
        (Plan(PlanKind.BUILD, ""), "rebuild"),
        (Plan(PlanKind.RELEASE, "", ("chart/values.yaml",)), "release only"),
        (Plan(PlanKind.HOLD, ""), "held until it parses"),
        (Plan(PlanKind.NOTHING, ""), "nothing to do"),
    ],
)
def test_what_the_next_save_will_do(plan: Plan, said: str) -> None:
    edited = Outlook(live=False, plan=plan)
    assert title(status(State.LIVE), edited) == f"○ Edited · next save: {said}"


@pytest.mark.parametrize(
    ("state", "live", "said"),
    [
        (State.LIVE, True, "● Live"),
        (State.BUILDING, True, "● Live"),
        (State.FAILED, True, "● Live"),
        (State.SAVED, False, "◌ Saved…"),
        (State.BUILDING, False, "◌ Building…"),
        (State.ROLLING_OUT, False, "◌ Rolling out…"),
        (State.HELD, False, "‖ Held until it parses"),
        (State.FAILED, False, "✗ Not live: The build step `RUN false` failed with exit code 1."),
        (State.LIVE, False, "○ Stale"),
    ],
)
def test_a_saved_file(state: State, live: bool, said: str) -> None:
    assert title(status(state), Outlook(live)) == said


def test_what_is_not_sure_is_not_foretold() -> None:
    edited, stale = Outlook(live=True, plan=SYNC), Outlook(live=False)
    assert title(status(State.BUILDING), edited) == "○ Edited"
    assert title(status(State.LIVE, watching=False), edited) == "○ Edited"
    assert title(status(State.LIVE, watching=False), stale) == "○ Stale · Up deploys it"
