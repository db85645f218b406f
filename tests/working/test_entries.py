"""Names of entries: what a key says, there and back."""

from __future__ import annotations

import pytest

from chainrule.working.entries import Entry, Partial, quantity


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("C@1", Entry("C")),
        ("W1[1,2]@3", Entry("W1", (1, 2), 3)),
        ("b12[10]@1", Entry("b12", (10,))),
        ("v_hat_W1[2,1]@2", Entry("v_hat_W1", (2, 1), 2)),
        (
            "∂a2[1,1]@1/∂z2[1,1]@1",
            Partial(Entry("a2", (1, 1)), Entry("z2", (1, 1))),
        ),
        ("∂R@2/∂W1[1,2]@2", Partial(Entry("R", (), 2), Entry("W1", (1, 2), 2))),
    ],
)
def test_a_key_names_its_quantity(key: str, found: Entry | Partial) -> None:
    assert quantity(key) == found
    assert found.key == key
    assert str(found) == key


def test_without_a_version_the_first_is_meant() -> None:
    assert quantity("W1[1,2]") == Entry("W1", (1, 2), 1)


def test_the_place_has_no_version() -> None:
    assert Entry("W1", (1, 2), 7).place == "W1[1,2]"
    assert Entry("C", (), 7).place == "C"


@pytest.mark.parametrize("key", ["", "W1[", "W1[a,b]", "[1]", "W1[1]x", "∂a1[1]", "W1[1]@b"])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="names no entry"):
        quantity(key)
