from __future__ import annotations

import pytest

from chainrule.cli.options import rounding_of
from chainrule.errors import ConfigError


def test_one_rounding_is_for_every_line() -> None:
    assert rounding_of("round:3").spec == "round:3"


def test_a_table_names_each_quantity() -> None:
    found = rounding_of("output=truncate:4, slopes=round:3,default=exact")
    assert found.spec == {"default": "exact", "output": "truncate:4", "slopes": "round:3"}


@pytest.mark.parametrize("text", ["z=", "=round:3", "z=round:3,z=round:4", "z=round:3,,"])
def test_another_table_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is no table of roundings: write each name once"):
        rounding_of(text)
