"""Which Java a build asks for, and which of the images has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from draft_ls.detect.model import Fact
    from draft_ls.detect.sources import Sources


def java_version(sources: Sources) -> Fact[str] | None:
    """The major version of Java that the build asks for; pins of the developer's machine only without one."""
    searches = (
        (
            "pom.xml",
            r"<(?:java\.version|maven\.compiler\.release|maven\.compiler\.source|maven\.compiler\.target|jdk\.version)>\s*(?:1\.)?(\d+)",
        ),
        ("pom.xml", r"<(?:release|source|target|jvmTarget)>\s*(?:1\.)?(\d+)"),
        ("build.gradle", r"JavaLanguageVersion\.of\(\s*[\"']?(\d+)"),
        ("build.gradle.kts", r"JavaLanguageVersion\.of\(\s*[\"']?(\d+)"),
        ("build.gradle.kts", r"jvmToolchain\s*\(?\s*(\d+)"),
        ("build.gradle", r"jvmToolchain\s*\(?\s*(\d+)"),
        (
            "build.gradle",
            r"(?:source|target)Compatibility\s*=?\s*(?:JavaVersion\.VERSION_|JavaVersion\.toVersion\()?[\"']?(?:1[._])?(\d+)",
        ),
        (
            "build.gradle.kts",
            r"(?:source|target)Compatibility\s*=\s*(?:JavaVersion\.VERSION_|JavaVersion\.toVersion\()?[\"']?(?:1[._])?(\d+)",
        ),
        ("build.gradle.kts", r"jvmTarget\s*(?:=|\.set\()\s*(?:JvmTarget\.JVM_)?[\"']?(?:1[._])?(\d+)"),
        ("build.gradle", r"jvmTarget\s*=\s*[\"']?(?:1\.)?(\d+)"),
        (".java-version", r"^\s*(?:[a-z]+-)?(?:1\.)?(\d+)"),
        (".sdkmanrc", r"^java=(\d+)"),
        ("system.properties", r"^java\.runtime\.version\s*=\s*(?:1\.)?(\d+)"),
        (".tool-versions", r"^java\s+(?:[a-z-]+)?-?(?:1\.)?(\d+)"),
        ("mise.toml", r"^java\s*=\s*[\"'](?:[a-z]+-)?(\d+)"),
        (".mise.toml", r"^java\s*=\s*[\"'](?:[a-z]+-)?(\d+)"),
        ("build.gradle", r"languageVersion\s*=\s*[\"']?(\d+)"),
    )
    return next((fact for path, pattern in searches if (fact := sources.nearest(path, pattern))), None)


_NEXT = {
    **dict.fromkeys(range(1, 8), 8),
    9: 11,
    10: 11,
    **dict.fromkeys(range(12, 17), 17),
    18: 21,
    19: 21,
    20: 21,
}
"""Releases that have no images (any more) → the next one that is kept, which builds for them."""

_GRADLES = (((5, 0), "8"), ((7, 3), "11"), ((8, 5), "17"))
"""Gradle below this version runs on no newer Java than this."""

_BOOTS = (((2, 0), "8"), ((2, 5), "11"), ((3, 2), "17"))
"""Spring Boot below this version is at home on this Java, and its Lombok compiles on no much newer one."""


def image_version(sources: Sources, version: Fact[str] | None) -> str:
    """The Java of the image, where that is another than the pinned one or the pack's; else empty.

    Args:
        sources: the app's files.
        version: what the build asks for.
    """
    if version:
        number = int(version.value)
        return str(_NEXT[number]) if number in _NEXT else ""
    wrapper = sources.find("gradle/wrapper/gradle-wrapper.properties", r"gradle-(\d+)\.(\d+)")
    parent = sources.find(
        "pom.xml", r"<artifactId>spring-boot-starter-parent</artifactId>\s*<version>(\d+)\.(\d+)"
    ) or sources.find("build.gradle", r"""springframework\.boot["']\)?\s+version\s+["'](\d+)\.(\d+)""")
    fits = [
        java
        for found, table in ((wrapper, _GRADLES), (parent, _BOOTS))
        if found
        for below, java in table[:]
        if (int(found[1]), int(found[2])) < below
    ]
    return min(fits, key=int, default="")
