"""A file of vectors that was changed anywhere: our own is refused or right, the others give the numbers or an error."""

from __future__ import annotations

import random
import re
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from vector_samples import array_of, sample

from chainrule.errors import ModelFileError
from chainrule.files import vector_own
from chainrule.files.vector_data import VectorData
from chainrule.files.vectors import read_vectors, write_vectors

MUTATIONS = 700
NAMES = ("v.safetensors", "v.txt", "v.vec", "v.bin", "v.txt.gz")


def mutated(rng: random.Random, data: bytes) -> bytes:
    """The file with something changed in one place or two."""
    for _ in range(rng.choice([1, 1, 1, 2])):
        at, n = rng.randrange(max(len(data), 1)), rng.randint(1, 8)
        new = rng.choice(
            [b"", b" ", b"\n", b"9", b"-", b"e", b".", b"nan", b"\xff", b"\0", b"\r\n", rng.randbytes(n)]
        )
        flipped = bytes([data[at] ^ 1 << rng.randrange(8)]) if at < len(data) else b""
        block = data[at : at + rng.randint(1, 64)]
        change = rng.randrange(7)
        head = re.sub(rb"\d", lambda _: b"%d" % rng.randrange(10), data[:6]) if change == 4 else data[:6]
        data = {
            0: data[:at] + flipped + data[at + 1 :],
            1: data[:at] + new + data[at + n :],
            2: data[:at] + new + data[at:],
            3: data[:at],
            4: head + data[6:],
            5: data + new,
            6: data[:at] + block + data[at:],
        }[change]
    return data


def text_reading(content: bytes) -> Iterator[tuple[str, list[np.float32]]]:
    """A text of vectors read by the shortest means, for what the reader took; the size is the reader's."""
    from chainrule.files.vector_numbers import exact_float32

    for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        fields = line.rstrip(b"\r").removesuffix(b" ").rsplit(b" ", 5)
        if len(fields) == 6:
            yield fields[0].strip(b" ").decode(), [exact_float32(field) for field in fields[1:]]


def outcome(path: Path, content: bytes, want: VectorData) -> str:
    """ "refused", "right" or "read"; an assertion fails where our own file gives other numbers."""
    path.write_bytes(content)
    try:
        data = read_vectors(path, verify=True)
    except ModelFileError:
        return "refused"
    found = array_of(data)
    assert len(data.words) == len(set(data.words)) == len(found) > 0
    assert np.isfinite(found).all()
    if data.format == "safetensors":
        assert (tuple(data.words), found.tobytes()) == (tuple(want.words), array_of(want).tobytes())
        return "right"
    if (
        data.format in ("glove", "word2vec")
        and found.shape[1] == 5
        and path.suffix != ".gz"
        and b"\t" not in content
    ):
        first: dict[str, list[np.float32]] = {}
        for word, row in text_reading(content):
            first.setdefault(word, row)
        assert {w: list(row) for w, row in zip(data.words, found, strict=True)} == first
    return "read"


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_file_is_refused_or_gives_its_numbers(name: str, tmp_path: Path) -> None:
    path, want = tmp_path / name, sample()
    write_vectors(path, want)
    whole, rng, counts = path.read_bytes(), random.Random(7), Counter[str]()
    for _ in range(MUTATIONS):
        content = mutated(rng, whole)
        counts["same" if content == whole else outcome(path, content, want)] += 1
    assert counts.total() == MUTATIONS
    assert counts["refused"] > MUTATIONS / (1.2 if name == "v.safetensors" else 4), counts


def test_a_file_of_our_own_cut_anywhere_or_with_any_bit_changed_is_refused(tmp_path: Path) -> None:
    path, want = tmp_path / "v.safetensors", sample()
    write_vectors(path, want)
    whole = path.read_bytes()
    for at in range(len(whole)):
        changed = whole[:at] + bytes([whole[at] ^ 1 << at % 8]) + whole[at + 1 :]
        assert outcome(path, changed, want) == "refused", at
        if at % 7 == 0:
            assert outcome(path, whole[:at], want) == "refused", at


def test_a_reader_that_skips_the_hashes_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_own.Mapped, "_check", lambda *_: None)
    monkeypatch.setattr(vector_own.Mapped, "check_all", lambda *_: None)
    with pytest.raises(AssertionError):
        test_a_file_of_our_own_cut_anywhere_or_with_any_bit_changed_is_refused(tmp_path)


@pytest.mark.parametrize("header", [b"999999999999 5\n", b"5 999999999999\n", b"99999999 99999999\n"])
@pytest.mark.parametrize("body", [b"a 1 2 3 4 5\n", b"a " + bytes(20) + b"\n"], ids=["text", "binary"])
def test_a_header_takes_no_memory(header: bytes, body: bytes, tmp_path: Path) -> None:
    path = tmp_path / "v"
    path.write_bytes(header + body)
    with pytest.raises(ModelFileError):
        read_vectors(path)
    tracemalloc.start()
    with pytest.raises(ModelFileError):
        read_vectors(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10**7
