from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draft_ls.dockerfile.parse import parse
from draft_ls.files import MemoryTree
from draft_ls.scaffold.model import SyncRules
from draft_ls.sync.mapping import Change, Image, changes_between, plan_sync
from draft_ls.sync.model import Delete, Kind, Rebuild, SyncPlan, Write


@dataclass(frozen=True)
class Member:
    path: str
    type: str = "file"
    mode: int = 0o644
    size: int = 1
    digest: str = "d"


NODE = {"package.json": '{"scripts": {"start": "node server.js"}}'}


def modified(path: str, **given: object) -> Change:
    return Change(path, Member(path, digest="old"), Member(path, digest="new", **given))  # type: ignore[arg-type]


def plan(
    dockerfile: str, *changes: Change | str, files: tuple[str, ...] = (), texts: dict[str, str] | None = None
) -> SyncPlan | Rebuild:
    every = [modified(each) if isinstance(each, str) else each for each in changes]
    known = {*files, *(texts or {}), *(each.path for each in every)}
    return plan_sync(Image(parse(dockerfile), known, MemoryTree(texts or {})), every)


def targets(result: SyncPlan | Rebuild) -> list[str]:
    assert isinstance(result, SyncPlan), result
    return sorted(each.target for each in result.operations)


def reason(result: SyncPlan | Rebuild) -> str:
    assert isinstance(result, Rebuild), result
    return result.reason


PYTHON = """\
FROM python:3.11-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
USER 1000
CMD ["python", "app.py"]
"""


def test_a_source_goes_where_the_last_copy_puts_it() -> None:
    assert targets(plan(PYTHON, "app.py", "pkg/mod.py")) == ["/app/app.py", "/app/pkg/mod.py"]


def test_a_dependency_file_needs_a_build_from_its_copy() -> None:
    result = plan(PYTHON, "app.py", "requirements.txt")
    assert isinstance(result, Rebuild)
    assert result.reason == (
        "requirements.txt is used by RUN pip install --no-cache-dir -r requirements.txt (Dockerfile:4)"
    )
    assert (result.from_step, result.steps) == (3, 7)


def test_what_is_done() -> None:
    gone = Change("old.py", Member("old.py"), None)
    link = Change("l", None, Member("l", type="link"))
    result = plan(
        PYTHON, modified("run.sh", mode=0o755), gone, link, Change("d", None, Member("d", "folder"))
    )
    assert isinstance(result, SyncPlan)
    assert set(result.operations) == {
        Write("run.sh", "/app/run.sh", Kind.FILE, 0o755, 1, "new"),
        Write("l", "/app/l", Kind.LINK, 0o644, 1, "d"),
        Write("d", "/app/d", Kind.FOLDER, 0o644, 1, "d"),
        Delete("old.py", "/app/old.py", Kind.FILE),
    }
    assert result.restart
    assert result.reason == "d, l, old.py and 1 more, then restart"


@pytest.mark.parametrize(
    ("dockerfile", "path", "expected"),
    [
        ("FROM a\nCOPY app.py /srv/", "app.py", ["/srv/app.py"]),
        ("FROM a\nCOPY app.py /srv/main.py", "app.py", ["/srv/main.py"]),
        ("FROM a\nWORKDIR /srv/x\nCOPY app.py /srv/x", "app.py", ["/srv/x/app.py"]),
        ("FROM a\nCOPY src /srv/x", "src/a/b.py", ["/srv/x/a/b.py"]),
        ("FROM a\nCOPY src lib /srv/x/", "lib/b.py", ["/srv/x/b.py"]),
        ("FROM a\nCOPY *.py /srv/", "app.py", ["/srv/app.py"]),
        ("FROM a\nCOPY *.py /srv/", "src/app.py", []),
        ("FROM a\nCOPY src/*/conf /srv/", "src/x/conf/y", ["/srv/y"]),
        ("FROM a\nCOPY s[rx]c /srv/", "src/x", ["/srv/x"]),
        ("FROM a\nCOPY --parents src/a.py /srv/", "src/a.py", ["/srv/src/a.py"]),
        ("FROM a\nCOPY . /one\nCOPY src /two", "src/a", ["/one/src/a", "/two/a"]),
        ("FROM a\nENV HOME=/x\nWORKDIR $HOME\nCOPY ${HOME:+.} ./y", "a", ["/x/y/a"]),
        ("ARG D=/x\nFROM a\nARG D\nCOPY . $D/", "a", ["/x/a"]),
        ("FROM a\nCOPY ./src/../lib/ /x", "lib/a", ["/x/a"]),
        ("FROM a\nCOPY /lib /x", "lib/a", ["/x/a"]),
        ('FROM a\nCOPY ["a b.py", "/x/"]', "a b.py", ["/x/a b.py"]),
        ("FROM a\nADD src /x", "src/a", ["/x/a"]),
        (
            "FROM a\nCOPY nginx.conf /etc/nginx/conf.d/default.conf",
            "nginx.conf",
            ["/etc/nginx/conf.d/default.conf"],
        ),
        ("FROM a\nCOPY x.conf /etc/nginx/conf.d", "x.conf", ["/etc/nginx/conf.d/x.conf"]),
        ("FROM a\nRUN mkdir -p /one/two\nCOPY a.b /one/two", "a.b", ["/one/two/a.b"]),
        ("FROM a\nCOPY <<EOF /x\ntext\nEOF\nCOPY a /y/", "a", ["/y/a"]),
        ("FROM a AS b\nCOPY . /src\nFROM c\nCOPY --from=b /src/lib /app/lib", "lib/x", ["/app/lib/x"]),
        ("FROM a AS b\nCOPY . /src\nFROM c\nCOPY --from=0 /src/lib/x /bin/", "lib/x", ["/bin/x"]),
        ("FROM a AS b\nCOPY . /src\nFROM c\nCOPY --from=b /src/lib /app/lib", "other", []),
        ("FROM a AS b\nWORKDIR /w\nCOPY . .\nFROM b\nWORKDIR x\nCOPY y z/", "y", ["/w/x/z/y", "/w/y"]),
        ("FROM a AS b\nCOPY . /x\nRUN make\nFROM c\nCOPY . /y", "f", ["/y/f"]),
        ("FROM a\nCOPY . /x\nRUN rm -rf /x/docs\n", "docs/a.md", []),
        ("FROM a\nWORKDIR /x\nCOPY . .\nRUN cd docs && rm *.md\n", "docs/a.md", []),
        ("FROM a\nCOPY . /x\nCOPY prod.py /x/settings.py", "prod.py", ["/x/prod.py", "/x/settings.py"]),
        ("FROM a\nCOPY a /x/\nRUN --mount=type=cache,target=/c echo", "a", ["/x/a"]),
    ],
)
def test_where_it_goes(dockerfile: str, path: str, expected: list[str]) -> None:
    assert targets(plan(dockerfile, path)) == expected


def test_a_file_under_another_is_not_in_the_image() -> None:
    dockerfile = "FROM a\nWORKDIR /x\nCOPY . .\nCOPY prod/ .\n"
    assert targets(plan(dockerfile, "app.py", files=("prod/app.py",))) == []
    assert targets(plan(dockerfile, "prod/app.py", files=("app.py",))) == ["/x/app.py", "/x/prod/app.py"]


@pytest.mark.parametrize(
    ("dockerfile", "path", "expected"),
    [
        ("FROM a\nCOPY . .\nRUN make", "a.c", "a.c is used by RUN make (Dockerfile:3)"),
        ("FROM go\nCOPY . .\nRUN go build -o /app .", "main.go",
         "main.go is used by RUN go build -o /app . (Dockerfile:3)"),
        ("FROM a AS b\nCOPY . .\nRUN make\nFROM c\nCOPY --from=b /o /o", "a.c",
         "a.c is used by RUN make (Dockerfile:3)"),
        ("FROM a AS b\nCOPY . .\nFROM b AS d\nRUN make\nFROM d", "x", "x is used by RUN make (Dockerfile:4)"),
        ("FROM a\nRUN --mount=target=. make", "x", "x is used by RUN make (Dockerfile:2)"),
        ("FROM a\nRUN --mount=type=bind,source=src,target=/s make", "src/x",
         "src/x is used by RUN make (Dockerfile:2)"),
        (
            "FROM a AS b\nCOPY . /w\nFROM c\nRUN --mount=from=b,source=/w,target=/s make",
            "x", "x is used by RUN make (Dockerfile:4)",
        ),
        ("FROM a\nADD data.tar.gz /x/", "data.tar.gz",
         "data.tar.gz cannot be followed through ADD data.tar.gz /x/ (Dockerfile:2): ADD unpacks it"),
        ("FROM a\nCOPY a /b", "a",
         "a cannot be followed through COPY a /b (Dockerfile:2): whether /b is a folder is not known"),
        ("FROM a\nCOPY --exclude=*.md . /x", "a",
         "a cannot be followed through COPY . /x (Dockerfile:2): --exclude may leave it out"),
        ("FROM a\nCOPY --chmod=u+x a /x/", "a",
         "a cannot be followed through COPY a /x/ (Dockerfile:2): --chmod=u+x is not an octal mode"),
        ("FROM a AS b\nRUN make\nFROM c\nCOPY . /x\nCOPY --from=b /o /x/", "a",
         "a may be replaced by COPY /o /x/ (Dockerfile:5)"),
        ("FROM a AS b\nONBUILD COPY . /x\nFROM b", "a", "a goes through ONBUILD of stage b"),
        ("FROM a\nCOPY . .\nRUN echo $(cat a)", "a", "a is used by RUN echo $(cat a) (Dockerfile:3)"),
        ("FROM a\nCOPY . .\nRUN npm run build", "a.ts", "a.ts is used by RUN npm run build (Dockerfile:3)"),
        ("COPY x y", "x", "x cannot be followed: Dockerfile has no FROM"),
        ("FROM a\nCOPY . .", "a\nb", "a\nb has a line break in its name"),
        ("FROM a\nCOPY . .", "Dockerfile", "Dockerfile changed"),
    ],
)  # fmt: skip
def test_why_not(dockerfile: str, path: str, expected: str) -> None:
    assert reason(plan(dockerfile, path)) == expected


HARMLESS = [
    "RUN chown -R node:node /app",
    "RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*",
    "RUN useradd --create-home app && mkdir -p /app/data",
    "RUN set -eux; groupadd -r x; :",
    "RUN pip install -r requirements.txt",
    "RUN python -m pip install -U pip && pip install flask==3.0",
    "RUN pip install -e .",
    "RUN python -m compileall /app",
    "RUN python manage.py collectstatic --noinput",
    "RUN npm ci --omit=dev && npm cache clean --force",
    "RUN npm install --ignore-scripts",
    "RUN npm install -g nodemon",
    "RUN bundle install --jobs 4",
    "RUN composer install --no-scripts --no-autoloader",
    "RUN composer dump-autoload --no-dev --no-scripts --optimize",
    "RUN deno cache app.py",
    "RUN poetry install --no-root",
    "RUN uv sync --locked --no-install-project",
    "RUN ln -s /app/app.py /usr/bin/app",
    "RUN <<EOF\nset -e\nmkdir /data\nEOF",
    'RUN ["mkdir", "/data"]',
    "RUN FOO=1 sudo mkdir /x >/dev/null 2>&1",
    "RUN touch /ready",
]


@pytest.mark.parametrize("line", HARMLESS)
def test_a_run_that_reads_no_source(line: str) -> None:
    texts = {**NODE, "requirements.txt": "flask\n", "composer.json": "{}"}
    assert targets(plan(f"FROM a\nWORKDIR /app\nCOPY . .\n{line}", "app.py", texts=texts)) == ["/app/app.py"]


@pytest.mark.parametrize(
    ("line", "path", "texts"),
    [
        ("RUN pip install .", "app.py", {}),
        ("RUN pip install '.[dev]'", "app.py", {}),
        ("RUN pip install -e .", "pyproject.toml", {}),
        ("RUN pip install -r requirements.txt", "requirements.txt", {}),
        ("RUN pip install -r requirements.txt", "app.py", {"requirements.txt": "-e .\n"}),
        ("RUN pip install -r requirements.txt", "app.py", {"requirements.txt": "lib @ file:./lib\n"}),
        ("RUN pip install -r requirements.txt", "app.py", {}),
        ("RUN pip install -rrequirements.txt", "app.py", {"requirements.txt": "./lib"}),
        ("RUN pip install --requirement=requirements.txt", "app.py", {"requirements.txt": "./lib"}),
        ("RUN npm ci", "package.json", NODE),
        ("RUN npm ci", "server.js", {"package.json": '{"scripts": {"postinstall": "node server.js"}}'}),
        ("RUN npm ci", "server.js", {"package.json": '{"scripts": '}),
        ("RUN npm ci", "server.js", {**NODE, "binding.gyp": ""}),
        ("RUN npm ci", "server.js", {}),
        ("RUN pnpm install", ".npmrc", NODE),
        ("RUN yarn build", "server.js", NODE),
        ("RUN bundle exec rake assets:precompile", "app.rb", {}),
        ("RUN composer install", "app.php", {}),
        ("RUN composer dump-autoload --no-scripts -a", "app.php", {"composer.json": "{}"}),
        ("RUN composer dump-autoload --no-scripts", "app.php", {"composer.json": '{"classmap": []}'}),
        ("RUN composer install --no-scripts --no-autoloader", "composer.lock", {}),
        ("RUN deno compile app.ts", "app.ts", {}),
        ("RUN deno cache app.ts", "deno.lock", {}),
        ("RUN python manage.py collectstatic", "static/a.css", {}),
        ("RUN python manage.py collectstatic", "site/settings.py", {}),
        ("RUN python manage.py migrate", "app.py", {}),
        ("RUN cp app.py /x", "app.py", {}),
        ("RUN cat < app.py", "app.py", {}),
        ("RUN echo x > app.py", "app.py", {}),
        ("RUN ln app.py /x", "app.py", {}),
        ("RUN chmod $MODE app.py", "app.py", {}),
        ("RUN rm -rf $X", "app.py", {}),
        ("RUN for f in *; do rm $f; done", "app.py", {}),
        ("RUN (mkdir /x)", "app.py", {}),
        ("RUN echo `ls`", "app.py", {}),
        ("RUN echo 'x", "app.py", {}),
        ("RUN <<EOF\n#!/usr/bin/python\nEOF", "app.py", {}),
        ("RUN python3 <<EOF\nEOF", "app.py", {}),
    ],
)
def test_a_run_that_may_read_the_source(line: str, path: str, texts: dict[str, str]) -> None:
    result = plan(f"FROM a\nWORKDIR /app\nCOPY . .\n{line}", path, texts=texts)
    assert "is used by RUN" in reason(result)


def test_a_class_map_notices_a_deleted_class() -> None:
    dockerfile = "FROM php\nWORKDIR /app\nCOPY . .\nRUN composer dump-autoload --no-scripts"
    gone = Change("a.php", Member("a.php"), None)
    assert "is used by RUN composer" in reason(plan(dockerfile, gone, texts={"composer.json": "{}"}))


@pytest.mark.parametrize(
    ("line", "mode", "owner"),
    [
        ("RUN chmod +x run.sh", 0o755, ""),
        ("RUN chmod 500 /app/run.sh", 0o500, ""),
        ("RUN chmod -R u=rwX,go=rX,g-r .", 0o604, ""),
        ("RUN chmod u+x *.sh", 0o744, ""),
        ("RUN chmod +x *.py", 0o644, ""),
        ("RUN chmod +x .", 0o644, ""),
        ("RUN chown -R app:app /app", 0o644, "app:app"),
        ("RUN chown app run.sh", 0o644, "app"),
        ("RUN chown app /app", 0o644, ""),
    ],
)
def test_modes_and_owners_that_the_image_gives(line: str, mode: int, owner: str) -> None:
    result = plan(f"FROM a\nWORKDIR /app\nCOPY . .\n{line}", "run.sh")
    assert isinstance(result, SyncPlan)
    (write,) = result.operations
    assert isinstance(write, Write)
    assert (write.mode, write.owner) == (mode, owner)


def test_flags_of_copy() -> None:
    result = plan("FROM a\nCOPY --chmod=750 --chown=1:2 . /x", "f")
    assert isinstance(result, SyncPlan)
    (write,) = result.operations
    assert isinstance(write, Write)
    assert (write.mode, write.owner) == (0o750, "1:2")


def test_a_file_that_the_image_does_not_have_changes_nothing() -> None:
    result = plan("FROM a\nCOPY src /x", "README.md")
    assert result == SyncPlan((), restart=False, reason="README.md: not part of the image")


def test_deleting_what_lies_over_another_file_uncovers_it() -> None:
    dockerfile = "FROM a\nWORKDIR /x\nCOPY . .\nCOPY prod/ .\n"
    gone = Change("prod/app.py", Member("prod/app.py"), None)
    assert reason(plan(dockerfile, gone, files=("app.py",))) == "prod/app.py lies over app.py in the image"


def test_a_file_becomes_a_folder() -> None:
    result = plan(PYTHON, Change("x", Member("x"), Member("x", "folder")), Change("x/y", None, Member("x/y")))
    assert isinstance(result, SyncPlan)
    assert [type(each).__name__ for each in result.operations] == ["Write", "Write"]
    assert targets(result) == ["/app/x", "/app/x/y"]


def test_a_changed_dockerfile_says_from_where() -> None:
    old = parse(PYTHON)
    new = parse(PYTHON.replace("USER 1000", "USER 1001"))
    result = plan_sync(Image(new, ("app.py",)), [modified("app.py")], before=old)
    assert result == Rebuild("Dockerfile changed", 6, 7)
    shorter = parse(PYTHON.rsplit("\n", 2)[0])
    assert plan_sync(Image(shorter, ()), [], before=old) == Rebuild("Dockerfile changed", None, 6)


def test_a_comment_in_the_dockerfile_changes_nothing() -> None:
    old, new = parse(PYTHON), parse("# hello\n" + PYTHON)
    result = plan_sync(Image(new, ("app.py",)), [modified("Dockerfile"), modified("app.py")], before=old)
    assert targets(result) == ["/app/Dockerfile", "/app/app.py"]


def test_too_much() -> None:
    assert reason(plan(PYTHON, modified("big.bin", size=300 * 1024 * 1024))) == (
        "300 MB changed, which is too much to sync"
    )


def test_changes_between_contexts() -> None:
    before = {each.path: each for each in (Member("a"), Member("b"), Member("c"), Member("d"))}
    after = {
        each.path: each
        for each in (Member("a"), Member("b", digest="x"), Member("d", mode=0o755), Member("e"))
    }
    found = changes_between(before, after)
    assert [(each.path, each.before is None, each.after is None) for each in found] == [
        ("b", False, False), ("c", False, True), ("d", False, False), ("e", True, False)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("dockerfile", "path", "restart"),
    [
        ("FROM nginx:1\nCOPY . /usr/share/nginx/html", "index.html", False),
        (
            "FROM nginx:1\nCOPY . /usr/share/nginx/html\nCOPY nginx.conf /etc/nginx/nginx.conf",
            "nginx.conf",
            True,
        ),
        (
            'FROM nginxinc/nginx-unprivileged:1-alpine\nCOPY . /x\nCMD ["nginx", "-g", "daemon off;"]',
            "a.js",
            False,
        ),
        ('FROM node\nCOPY . /x\nCMD ["npm", "run", "dev"]', "a.js", False),
        ('FROM node\nCOPY . /x\nCMD ["npm", "start"]', "a.js", True),
        ("FROM node\nCOPY . /x\nCMD npx next dev -p 3000", "a.js", False),
        ("FROM node\nCOPY . /x\nCMD next start", "a.js", True),
        ('FROM node\nCOPY . /x\nCMD ["node_modules/.bin/vite", "--host"]', "a.js", False),
        ('FROM node\nCOPY . /x\nCMD ["node_modules/.bin/vite", "--host"]', "vite.config.ts", True),
        ('FROM node\nCOPY . /x\nCMD ["vite", "preview"]', "a.js", True),
        ('FROM php\nCOPY . /x\nCMD ["php", "-S", "0.0.0.0:80"]', "a.php", True),
        ('FROM php\nCOPY . /x\nCMD ["php", "-S", "0.0.0.0:80"]', "a.css", False),
        ("FROM php\nCOPY . /x\nCMD php -d x=1 -t public -S 0.0.0.0:80", "views/a.html", False),
        ('FROM php:8.4-apache\nCOPY . /x\nCMD ["apache2-foreground"]', "a.phtml", True),
        ('FROM php:8.4-apache\nCOPY . /x\nCMD ["apache2-foreground"]', "public/a.js", False),
        ('FROM php:8.4-apache\nCOPY . /x\nCMD ["apache2-foreground"]', "php.ini", True),
        ('FROM php:8.5-fpm\nCOPY . /x\nCMD ["php-fpm"]', "data/a.json", False),
        ('FROM php:8.4\nCOPY . /x\nCMD ["php", "artisan", "octane:start"]', "a.css", True),
        ('FROM node\nCOPY . /x\nCMD ["npx", "serve", "public"]', "public/a.js", False),
        ('FROM python\nCOPY . /x\nCMD ["python", "app.py", "serve"]', "a.py", True),
        ('FROM go\nCOPY . /x\nCMD ["./caddy-like", "vite"]', "a.html", True),
        ("FROM node\nCOPY . /x\nCMD NODE_ENV=x next dev", "a.js", False),
        ("FROM node\nCOPY . /x\nCMD sleep 1 && vite", "a.js", False),
        ('FROM python\nCOPY . /x\nCMD ["uvicorn", "--reload", "a:b"]', "a.py", True),
        ('FROM python\nCOPY . /x\nCMD ["python", "serve.py"]', "a.py", True),
    ],
)
def test_restart(dockerfile: str, path: str, restart: bool) -> None:
    texts = {"package.json": '{"scripts": {"dev": "vite", "start": "node server.js"}}'}
    result = plan(dockerfile, path, texts=texts)
    assert isinstance(result, SyncPlan)
    assert result.restart is restart


def test_rules() -> None:
    image = Image(parse(PYTHON), ("static/a.css", "app.py"))
    rules = SyncRules(restart=("*", "!static/**"), rebuild=("*.proto",))
    for changed, restart in (("static/a.css",), False), (("static/a.css", "app.py"), True):
        result = plan_sync(image, [modified(each) for each in changed], rules)
        assert isinstance(result, SyncPlan)
        assert result.restart is restart
    for none in SyncRules(restart=()), SyncRules(reloads=("python  app.py",)), SyncRules(reloads=("python",)):
        result = plan_sync(image, [modified("app.py")], none)
        assert isinstance(result, SyncPlan)
        assert not result.restart
    for other in SyncRules(reloads=("app.py",)), SyncRules(reloads=("python app",)), SyncRules(reloads=("",)):
        result = plan_sync(image, [modified("app.py")], other)
        assert isinstance(result, SyncPlan)
        assert result.restart
    result = plan_sync(image, [modified("app.py"), modified("a/b.proto")], rules)
    assert isinstance(result, Rebuild)
    assert result.reason == "a/b.proto is always built, by its pack"


PART = st.sampled_from(
    ["FROM a", "FROM a AS b", "FROM b", "COPY . .", "COPY --from=b . /x", "COPY a* /y", "COPY [", "ADD a /b",
     "COPY --from=b /x/* .", "COPY --chmod= a b c", "WORKDIR /w", "ONBUILD RUN x", "CMD npm run dev",
     "RUN x", "RUN pip", "RUN pip install -r a", "RUN rm -r $", "RUN chmod", "RUN chown a", "RUN '",
     "RUN npm",
     "RUN cd .. && rm -rf *", "RUN --mount=from=b,src=/ x", "RUN >", "RUN cd", "RUN 2>", "RUN install -d"]
)  # fmt: skip


@given(st.lists(PART, max_size=8).map("\n".join), st.sampled_from(["a", "a/b", "ab.py", "requirements.txt"]))
def test_never_raises(dockerfile: str, path: str) -> None:
    plan(dockerfile, path)
    plan(dockerfile, Change(path, Member(path), None))
