"""A file that was changed anywhere is refused, or still means exactly the same."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from chainrule.errors import ModelFileError
from chainrule.files.tensors import from_bytes, to_bytes

MUTATIONS = 2000


def model_file() -> bytes:
    rng = np.random.default_rng(5)
    tensors = {
        "W1": rng.normal(size=(4, 3)).astype("f4"),
        "b1": np.zeros(3, "f4"),
        "W2": rng.normal(size=(3, 2)),
        "b2": rng.normal(size=2),
        "steps": np.array(17),
        "kept": np.array([True, False, True]),
    }
    columns = [
        {"name": f"x{i}", "mean": float(rng.normal()), "deviation": float(rng.gamma(2))} for i in range(4)
    ]
    history = [{"epoch": i, "loss": 1 / (i + 1), "seconds": 0.01 * i} for i in range(6)]
    header = {
        "columns": columns,
        "classes": ["no", "yes"],
        "history": history,
        "best": float("inf"),
        "seed": 2**70,
    }
    return to_bytes(tensors, header, kind="model")


FILE = model_file()
FRONT = 8 + int.from_bytes(FILE[:8], "little")
Reading = tuple[dict[str, np.ndarray[Any, Any]], dict[str, Any]]


def outcome(data: bytes, want: Reading) -> str:
    """ "refused" or "harmless"; an assertion fails where a reader gives anything else."""
    try:
        tensors, header = from_bytes(data, kind="model")
    except ModelFileError:
        return "refused"
    assert repr(header) == repr(want[1])
    assert tensors.keys() == want[0].keys()
    for name, array in want[0].items():
        assert (tensors[name].dtype, tensors[name].shape) == (array.dtype, array.shape)
        assert tensors[name].tobytes() == array.tobytes()
    return "harmless"


def place(rng: random.Random, data: bytes) -> int:
    """As often in the eight bytes of the length and the JSON as in the numbers."""
    return rng.choice([rng.randrange(8), rng.randrange(8, FRONT), rng.randrange(FRONT, len(data))])


def flip_a_bit(rng: random.Random, data: bytes) -> bytes:
    at = place(rng, data)
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def change_bytes(rng: random.Random, data: bytes) -> bytes:
    at, n = place(rng, data), rng.randint(1, 8)
    return data[:at] + rng.randbytes(n) + data[at + n :]


def insert(rng: random.Random, data: bytes) -> bytes:
    at = place(rng, data)
    return data[:at] + rng.choice([rng.randbytes(rng.randint(1, 9)), b" ", b"0", b"[", b'"']) + data[at:]


def delete(rng: random.Random, data: bytes) -> bytes:
    at = place(rng, data)
    return data[:at] + data[at + rng.randint(1, 16) :]


def truncate(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data))]


def lengthen(rng: random.Random, data: bytes) -> bytes:
    return data + rng.randbytes(rng.randint(1, 64))


def swap_blocks(rng: random.Random, data: bytes) -> bytes:
    n = rng.choice([1, 4, 8, 16])
    a, b = sorted(rng.sample(range(0, len(data) - n, n), 2))
    return data[:a] + data[b : b + n] + data[a + n : b] + data[a : a + n] + data[b + n :]


def with_front(data: bytes, front: bytes) -> bytes:
    """The file with another JSON, whose length is right again."""
    return len(front).to_bytes(8, "little") + front + data[FRONT:]


def swap_digits(rng: random.Random, data: bytes) -> bytes:
    front = bytearray(data[8:FRONT])
    a, b = rng.sample([i for i, c in enumerate(front) if chr(c).isdigit()], 2)
    front[a], front[b] = front[b], front[a]
    return with_front(data, bytes(front))


def change_a_digit(rng: random.Random, data: bytes) -> bytes:
    front = bytearray(data[8:FRONT])
    front[rng.choice([i for i, c in enumerate(front) if chr(c).isdigit()])] = rng.choice(b"0123456789")
    return with_front(data, bytes(front))


def repeat_a_key(rng: random.Random, data: bytes) -> bytes:
    """A member of one of the objects, in the outer JSON or in our text within it, written a second time."""
    front = data[8:FRONT]
    at = rng.choice([i for i in range(len(front)) if front[i : i + 1] == b","])
    start = max(front.rfind(b",", 0, at), front.rfind(b"{", 0, at)) + 1
    return with_front(data, front[:at] + b"," + front[start:at] + front[at:])


def edit_json(rng: random.Random, data: bytes) -> bytes:
    front = data[8:FRONT]
    at, n = rng.randrange(len(front)), rng.randint(0, 5)
    new = rng.choice([b"", b" ", b"\t", b"1", b"-", b"e5", b"null", b"NaN", b"[]", b"{}", b",", b"\\u0041"])
    return with_front(data, front[:at] + new + front[at + n :])


KINDS: list[Callable[[random.Random, bytes], bytes]] = [
    flip_a_bit,
    change_bytes,
    insert,
    delete,
    truncate,
    lengthen,
    swap_blocks,
    swap_digits,
    change_a_digit,
    repeat_a_key,
    edit_json,
]


def try_mutations(seed: int) -> Counter[str]:
    rng = random.Random(seed)
    want = from_bytes(FILE, kind="model")
    counts: Counter[str] = Counter()
    for i in range(MUTATIONS):
        data = KINDS[i % len(KINDS)](rng, FILE)
        if rng.random() < 0.2:
            data = rng.choice(KINDS[:4])(rng, data) if len(data) > FRONT else data
        counts["same" if data == FILE else outcome(data, want)] += 1
    return counts


@pytest.mark.parametrize("seed", [1, 2])
def test_every_mutation_is_refused_or_harmless(seed: int) -> None:
    counts = try_mutations(seed)
    assert counts.total() == MUTATIONS
    assert counts["refused"] > 0.9 * MUTATIONS


def test_every_single_bit_flip_of_the_whole_file_is_refused() -> None:
    want = from_bytes(FILE, kind="model")
    for at in range(len(FILE)):
        for bit in range(8):
            data = FILE[:at] + bytes([FILE[at] ^ 1 << bit]) + FILE[at + 1 :]
            assert outcome(data, want) == "refused", (at, bit)


def test_a_file_cut_off_anywhere_is_refused() -> None:
    want = from_bytes(FILE, kind="model")
    assert {outcome(FILE[:n], want) for n in range(len(FILE))} == {"refused"}


@pytest.mark.parametrize("check", ["_check_tensor", "_check_header"])
def test_the_mutations_catch_a_reader_that_skips_a_hash(check: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"chainrule.files.reading.{check}", lambda *_: None)
    with pytest.raises(AssertionError):
        try_mutations(1)
