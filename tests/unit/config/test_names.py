"""Names that Kubernetes and Helm accept."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from draft_ls.config.names import dns_label, is_dns_label, is_namespace, is_release_name


@pytest.mark.parametrize("name", ["a", "a-1", "1", "a--b", "a" * 63])
def test_labels(name: str):
    assert is_dns_label(name)
    assert is_namespace(name)


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a_b", "a.b", "ä", "a\n", "a" * 64])
def test_no_labels(name: str):
    assert not is_dns_label(name)


def test_a_release_name_is_shorter():
    assert is_release_name("a" * 53)
    assert not is_release_name("a" * 54)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("example-python", "example-python"),
        ("Mein Büro_App", "mein-buro-app"),
        ("My.App (2)", "my-app-2"),
        ("2048", "app-2048"),
        ("日本", "app"),
        ("", "app"),
        ("a" * 52 + "-b", "a" * 52),
    ],
)
def test_the_nearest_label(text: str, label: str):
    assert dns_label(text) == label


@given(st.text())
def test_any_text_gives_a_release_name_that_stays_as_it_is(text: str):
    label = dns_label(text)
    assert is_release_name(label)
    assert not label[0].isdigit()
    assert dns_label(label) == label
