"""The content tag."""

from __future__ import annotations

import re

from draft_ls.build.tags import content_tag


def test_twelve_hex_digits_that_docker_accepts() -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", content_tag("abc", {}))


def test_everything_that_goes_into_the_image_counts_and_order_does_not() -> None:
    tag = content_tag("abc", {"A": "1", "B": "2"}, ("linux/amd64", "linux/arm64"))
    assert tag == content_tag("abc", {"B": "2", "A": "1"}, ("linux/arm64", "linux/amd64"))
    others = [
        content_tag("abd", {"A": "1", "B": "2"}, ("linux/amd64", "linux/arm64")),
        content_tag("abc", {"A": "1", "B": "3"}, ("linux/amd64", "linux/arm64")),
        content_tag("abc", {"A": "1"}, ("linux/amd64", "linux/arm64")),
        content_tag("abc", {"A": "1", "B": "2"}),
        content_tag("abc", {"A": '1", "B": "2'}),
    ]
    assert len({tag, *others}) == 6
