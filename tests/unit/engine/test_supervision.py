"""Which text is built in development."""

from draft_ls.build.model import ImageConfig
from draft_ls.engine.supervision import Supervision


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
