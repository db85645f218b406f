"""PyTorch spellings of the vocabulary's primitives that PyTorch has under no name of its own.

Loaded only when such a spelling is asked for. Matrices are tensors (B, O).
"""

from __future__ import annotations

import torch
from torch import Tensor

from chainrule.formulas.hashing import GOLDEN, KEPT_BITS, LAST_SHIFT, MASK64, ROUNDS, hash_start


def sign(a: Tensor) -> Tensor:
    """−1, 0 or 1, entry by entry; not a number where a is none (PyTorch's own gives 0)."""
    return torch.where(torch.isnan(a), a, torch.sign(a))


def column_sum(a: Tensor) -> Tensor:
    """Σ over the rows of a (B, O): (O,)."""
    return torch.sum(a, 0)


def row_sum(a: Tensor) -> Tensor:
    """Σ over each row of a (B, O): (B, 1)."""
    return torch.sum(a, 1, keepdim=True)


def row_max(a: Tensor) -> Tensor:
    """The greatest of each row of a (B, O): (B, 1)."""
    return torch.amax(a, 1, keepdim=True)


def rows(a: Tensor) -> int:
    """B for a of shape (B, …)."""
    return len(a)


def one_hot(a: Tensor, like: Tensor) -> Tensor:
    """Class numbers (B, 1) as rows with a single 1: (B, K), K and dtype as in `like`."""
    return (a == torch.arange(like.shape[1], device=a.device)).to(like.dtype)


def uniform(like: Tensor, key: float, step: float) -> Tensor:
    """Numbers in [0, 1) of the shape of `like`: the same hash, bit for bit, as on NumPy.

    PyTorch has no arithmetic on unsigned 64-bit numbers; products of signed ones wrap to the same bits.
    """
    places = torch.arange(like.numel(), dtype=torch.int64, device=like.device)
    bits = places * _signed(GOLDEN) + _signed(hash_start(int(key), int(step)))
    for shift, factor in ROUNDS:
        bits = (bits ^ _shifted(bits, shift)) * _signed(factor)
    bits = _shifted(bits ^ _shifted(bits, LAST_SHIFT), 64 - KEPT_BITS)
    return (bits.to(like.dtype) / (1 << KEPT_BITS)).reshape(like.shape)


def _signed(value: int) -> int:
    """The signed 64-bit number of the same bits."""
    return value - (MASK64 + 1) if value > MASK64 >> 1 else value


def _shifted(bits: Tensor, by: int) -> Tensor:
    """Bits moved to the right, zeros moving in (PyTorch's own shift copies the sign)."""
    return (bits >> by) & (MASK64 >> by)
