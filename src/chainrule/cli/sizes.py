"""Sizes of memory as they are typed: 4GB, 500 MB."""

from __future__ import annotations

import re

from chainrule.errors import ConfigError

__all__ = ["bytes_of"]

UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12} | {
    "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40,
}  # fmt: skip


def bytes_of(text: str, option: str = "--memory") -> int:
    """How many bytes a size means. Raises ConfigError, naming the option.

    >>> bytes_of("4GB"), bytes_of("1.5 MiB"), bytes_of("1000")
    (4000000000, 1572864, 1000)
    """
    matched = re.fullmatch(r"\s*(\d{1,15}(?:\.\d{1,6})?)\s*([A-Za-z]*)\s*", text)
    if not matched or matched[2].upper() not in UNITS:
        raise ConfigError(f'{option} "{text}" is no size: write a number and its unit, such as 4GB or 500MB')
    return int(float(matched[1]) * UNITS[matched[2].upper()])
