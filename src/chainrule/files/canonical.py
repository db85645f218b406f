"""One text for one value: JSON with sorted keys, no spaces, exact floats and no doubtful readings.

JSON has no NaN and no infinity: they are written as {"$float": "nan"}, "inf" or "-inf". A key that starts
with "$" is written with one more, so that nothing can be mistaken for it.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np

from chainrule.errors import InvalidInput

__all__ = ["distinct_keys", "from_text", "plain_json", "to_text"]

_FLOATS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def to_text(value: Any) -> str:
    """The canonical text of a value made of mappings, lists, strings, numbers, booleans and None.

    Floats round-trip exactly. Tuples become lists, NumPy scalars plain numbers, and the order of a mapping is
    not kept: what has an order belongs in a list. Raises InvalidInput for anything else, naming where it is.

    >>> to_text({"b": 0.1, "a": [1, None, float("inf")]})
    '{"a":[1,null,{"$float":"inf"}],"b":0.1}'
    """
    try:
        plain = _encoded(value, "")
        return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    except RecursionError as error:
        raise InvalidInput("the header is nested too deeply, or holds itself: make it flatter") from error
    except ValueError as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(
            "the header holds an integer of more than 4300 digits: use a smaller one"
        ) from error


def from_text(text: str) -> Any:
    """The value of a canonical text; raises ValueError, with a reason in a few words, for any other text.

    >>> from_text('{"a":[1,null,{"$float":"inf"}],"b":0.1}')
    {'a': [1, None, inf], 'b': 0.1}
    >>> from_text('{"a":1,"a":2}')
    Traceback (most recent call last):
        ...
    ValueError: the key "a" appears twice
    """
    return plain_json(text, _decoded)


def plain_json(text: str, pairs_to_object: Any) -> Any:
    """Parse JSON without NaN, infinities or overflowing floats; raises ValueError."""
    try:
        return json.loads(
            text, object_pairs_hook=pairs_to_object, parse_float=_finite, parse_constant=_not_a_number
        )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A dict of `pairs`; raises ValueError where a key appears twice.

    >>> distinct_keys([("a", 1), ("b", 2)])
    {'a': 1, 'b': 2}
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {json.dumps(twice[:60])} appears twice")
    return found


def _encoded(value: Any, where: str) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$float": str(float(value))}
    if isinstance(value, Mapping):
        if wrong := [key for key in value if not isinstance(key, str)]:
            raise InvalidInput(
                f"{where or 'the value'} has the key {wrong[0]!r}, which is not text: use text for every key"
            )
        return {
            f"${key}" if key.startswith("$") else key: _encoded(v, f"{where}[{key!r}]" if where else key)
            for key, v in value.items()
        }
    if isinstance(value, list | tuple):
        return [_encoded(v, f"{where}[{i}]") for i, v in enumerate(value)]
    hint = "put arrays among the tensors" if isinstance(value, np.ndarray) else "use lists, text and numbers"
    raise InvalidInput(
        f"{where or 'the value'} is a {type(value).__name__}, which a file cannot hold: {hint}"
    )


def _decoded(pairs: list[tuple[str, Any]]) -> Any:
    found = distinct_keys(pairs)
    if "$float" in found:
        name = found["$float"]
        if len(found) > 1 or not isinstance(name, str) or name not in _FLOATS:
            raise ValueError("it holds a number that is none")
        return _FLOATS[name]
    for key in found:
        if key.startswith("$") and not key.startswith("$$"):
            raise ValueError(f"it holds the unknown mark {json.dumps(key[:60])}")
    return {key.removeprefix("$") if key.startswith("$") else key: value for key, value in found.items()}


def _finite(digits: str) -> float:
    value = float(digits)
    if math.isinf(value):
        raise ValueError("it holds a number too large for a float")
    return value


def _not_a_number(name: str) -> NoReturn:
    raise ValueError(f"it holds {name}, which JSON does not have")
