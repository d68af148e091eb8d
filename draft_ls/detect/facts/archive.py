"""Where a build of Java leaves its archive, and how that starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from draft_ls.detect.model import Fact

if TYPE_CHECKING:
    from draft_ls.detect.facts import Facts, Subject


def place(subject: Subject, facts: Facts, folder: str, jar: str, path: str, runnable: bool) -> None:
    """Note the archive, and the command that starts it.

    Args:
        subject: the app.
        facts: what to fill in.
        folder: where the build leaves the archive.
        jar: its name in the image.
        path: the build's file.
        runnable: whether the archive can be started.
    """
    sources = subject.sources
    facts.details |= {"jar": jar, "jar_folder": folder, "quarkus": subject.framework_name == "quarkus"}
    if not runnable:
        facts.confidence = min(facts.confidence, 0.25)
    elif subject.framework_name == "quarkus":
        facts.start = Fact(("java", "-jar", "quarkus-run.jar"), (sources.evidence(path),))
    elif subject.framework_name == "servlet":
        old = sources.find(path, r"(javax)[.:](?:servlet|javaee|jsp|el)")
        facts.details |= {"jar": "app.war", "tomcat": "9.0" if old else "10.1"}
        facts.start = Fact(("catalina.sh", "run"), (sources.evidence(path),))
    else:
        facts.start = Fact(("java", "-jar", jar), (sources.evidence(path),))
