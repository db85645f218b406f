"""Small files of vectors, written here byte by byte."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chainrule.files.vector_data import InMemory, VectorData

WORDS = ("the", "ice", "größe", "</s>", "<unk>", "日本", "don't")


def numbers(count: int = len(WORDS), size: int = 5, seed: int = 3) -> NDArray[np.float32]:
    """(count, size) numbers of many magnitudes, two of them zeros."""
    rng = np.random.default_rng(seed)
    made = (rng.normal(size=(count, size)) * 10.0 ** rng.integers(-9, 5, (count, size))).astype(np.float32)
    made[0, :2] = 0.0, -0.0
    return made


def sample(contexts: bool = False) -> VectorData:
    """Seven words of five numbers, with counts; with contexts, as a GloVe training keeps them."""
    first, second = numbers(), numbers(seed=4)
    counts = np.arange(len(WORDS), 0, -1)
    if not contexts:
        return VectorData(words=WORDS, matrix=InMemory(first), counts=counts)
    return VectorData(
        words=WORDS, matrix=InMemory(first), counts=counts, contexts=InMemory(second), use="sum",
        word_bias=first[:, 0], context_bias=second[:, 0], settings={"size": 5, "rate": 0.05},
    )  # fmt: skip


def array_of(data: VectorData) -> NDArray[np.float32]:
    """All numbers of the first matrix."""
    return data.matrix.rows(0, data.matrix.shape[0])


def same_bits(a: NDArray[np.float32], b: NDArray[np.float32]) -> bool:
    """Whether two arrays are equal to the bit, the signs of zeros too."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def written(folder: Path, content: str | bytes, name: str = "v.txt") -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
