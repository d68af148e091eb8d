"""Which text is built in development."""

from draft_ls.build.model import ImageConfig
from draft_ls.engine.supervision import Supervision
from draft_ls.errors import Problem


def config(entrypoint: tuple[str, ...] = (), command: tuple[str, ...] = ()) -> ImageConfig:
    return ImageConfig(entrypoint, command, "", "/", (), {}, {}, ())


WITH_COMMAND = 'FROM python:3.11-slim\nCMD ["python", "app.py"]\n'
WITHOUT = "FROM python:3.11-slim\n"
WITH_ENTRYPOINT = 'FROM python:3.11-slim\nENTRYPOINT ["python"]\nCMD ["app.py"]\n'


def test_a_base_image_is_looked_at_once():
    supervision = Supervision()
    assert supervision.wrap(WITH_COMMAND).unknown
    supervision.learn(WITH_COMMAND, config(command=("python", "app.py")))
    text = supervision.wrap(WITH_COMMAND).text
    assert text is not None
    assert text.startswith(WITH_COMMAND)
    assert '"python", "app.py"' in text.splitlines()[-1]


def test_a_command_of_the_dockerfile_is_not_taken_for_the_base_images():
    supervision = Supervision()
    supervision.learn(WITH_COMMAND, config(command=("python", "app.py")))
    assert supervision.wrap(WITHOUT).unknown


def test_an_inherited_entrypoint_stays():
    supervision = Supervision()
    supervision.learn(WITH_COMMAND, config(("docker-entrypoint.sh",), ("python", "app.py")))
    text = supervision.wrap(WITH_COMMAND).text
    assert text is not None
    assert "docker-entrypoint.sh" in text


def test_a_dockerfile_that_says_all_needs_no_look():
    assert Supervision().wrap(WITH_ENTRYPOINT).text is not None


def test_an_image_without_a_shell_says_so():
    wrapped = Supervision().wrap('FROM gcr.io/distroless/static\nENTRYPOINT ["/app"]\n')
    assert (wrapped.text, wrapped.unknown) == (None, False)
    assert wrapped.refusal is not None
    assert "no shell" in wrapped.refusal.message


def cannot_start(cause: str) -> Problem:
    return Problem("container-cannot-start", "Container 'app' cannot be started.", cause=cause)


def test_an_image_that_lost_its_shell_is_built_without_supervisor():
    supervision = Supervision()
    text = WITH_ENTRYPOINT + "RUN rm /bin/*sh\n"
    problem = cannot_start('exec: "/bin/sh": stat /bin/sh: no such file or directory')
    assert supervision.gives_up(text, (problem,))
    wrapped = supervision.wrap(text)
    assert (wrapped.text, wrapped.unknown) == (None, False)
    assert wrapped.refusal is not None
    assert wrapped.refusal.code == "sync-no-shell"
    assert not supervision.gives_up(text, (problem,)), "once is enough: it does not start without either"
    assert supervision.wrap(WITH_ENTRYPOINT).text is not None, "another Dockerfile is tried anew"


def test_what_does_not_start_for_another_reason_keeps_the_supervisor():
    supervision = Supervision()
    assert not supervision.gives_up(WITH_ENTRYPOINT, (cannot_start('exec: "python": not found'),))
    crashed = Problem("container-crashes", "It crashes.", cause="/bin/sh: no such file")
    assert not supervision.gives_up(WITH_ENTRYPOINT, (crashed,))
    assert supervision.wrap(WITH_ENTRYPOINT).text is not None


def test_what_never_had_a_supervisor_is_not_tried_again():
    text = 'FROM scratch\nENTRYPOINT ["/bin/sh"]\n'
    assert not Supervision().gives_up(text, (cannot_start("/bin/sh: no such file or directory"),))
