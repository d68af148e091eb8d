from draft_ls.engine.model import PlanKind
from draft_ls.engine.planner import Identity, Known, SyncVerdict, plan

A = Identity("a", "r1")
B = Identity("b", "r1")
A2 = Identity("a", "r2")
B2 = Identity("b", "r2")
CAN = SyncVerdict(True, "app.py, then restart")
CANNOT = SyncVerdict(False, "requirements.txt is installed by step 4", 4, 9)


def test_first_deploy_builds() -> None:
    assert plan(A, Known()).kind is PlanKind.BUILD


def test_what_is_live_needs_nothing_and_says_so() -> None:
    decided = plan(A, Known(A, A, A))
    assert decided.kind is PlanKind.NOTHING
    assert "a" in decided.reason


def test_force_builds_even_what_is_live() -> None:
    assert plan(A, Known(A, A, A), force=True).kind is PlanKind.BUILD


def test_a_chart_change_skips_the_build() -> None:
    assert plan(A2, Known(A, A, A), changed=("chart/values.yaml",)).kind is PlanKind.RELEASE


def test_a_file_that_can_be_synced_is() -> None:
    decided = plan(B, Known(A, A, A), changed=("app.py",), sync=CAN)
    assert (decided.kind, decided.files, decided.reason) == (PlanKind.SYNC, ("app.py",), CAN.reason)


def test_a_file_that_cannot_be_synced_builds_and_says_from_where() -> None:
    decided = plan(B, Known(A, A, A), changed=("requirements.txt",), sync=CANNOT)
    assert (decided.kind, decided.from_step, decided.steps) == (PlanKind.BUILD, 4, 9)
    assert decided.reason == CANNOT.reason


def test_content_and_chart_together_build() -> None:
    assert plan(B2, Known(A, A, A), changed=("app.py",), sync=CAN).kind is PlanKind.BUILD


def test_an_undo_reuses_the_image() -> None:
    decided = plan(A, Known(B, B, B, frozenset({"a", "b"})), changed=("app.py",))
    assert decided.kind is PlanKind.RELEASE


def test_a_chart_change_after_a_sync_builds() -> None:
    """The release still has image a; releasing it again would lose the synced b."""
    assert plan(B2, Known(released=A, running=B, live=B)).kind is PlanKind.BUILD


def test_a_release_that_never_came_up_is_built_again() -> None:
    assert plan(B, Known(released=B, running=None, live=None)).kind is PlanKind.BUILD


def test_what_crashed_after_a_sync_can_be_synced_again() -> None:
    known = Known(released=A, running=B, live=None)
    assert plan(Identity("c", "r1"), known, changed=("app.py",), sync=CAN).kind is PlanKind.SYNC
    assert plan(B, known).kind is PlanKind.BUILD


def test_held_waits_whatever_else_is_true() -> None:
    decided = plan(B, Known(A, A, A), held=("app.py does not parse",), force=True)
    assert (decided.kind, decided.reason) == (PlanKind.HOLD, "app.py does not parse")
