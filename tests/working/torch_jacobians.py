"""Outputs and loss of a network in PyTorch, as functions of tensors, from torch.nn.functional alone."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from chainrule.derivation import Network

ACTIVATIONS = {
    "identity": lambda z, alpha: z,
    "sigmoid": lambda z, alpha: torch.sigmoid(z),
    "tanh": lambda z, alpha: torch.tanh(z),
    "gelu": lambda z, alpha: F.gelu(z),
    "elu": lambda z, alpha: F.elu(z),
    "prelu": lambda z, alpha: torch.where(z > 0, z, alpha * z),
    "swish": lambda z, alpha: z * torch.sigmoid(2.0 * z),
    "softmax": lambda z, alpha: torch.softmax(z, 1),
}
LOSSES = {
    "mse": lambda p, y: F.mse_loss(p, y),
    "half_squared_error": lambda p, y: F.mse_loss(p, y, reduction="none").sum(1).mean() / 2,
    "huber": lambda p, y: F.huber_loss(p, y),
    "binary_crossentropy": lambda p, y: F.binary_cross_entropy(p, y),
    "crossentropy": lambda p, y: -(y * torch.log(p)).sum(1).mean(),
}


def outputs_and_loss(
    network: Network, loss: str, given: Mapping[str, Tensor], y: Tensor
) -> tuple[Tensor, Tensor]:
    """The outputs (B, O) and the loss from x and the parameters by name."""
    a = given["x"]
    for number, layer in enumerate(network.dense, start=1):
        z = a @ given[f"W{number}"]
        if f"b{number}" in given:
            z = z + given[f"b{number}"]
        if f"theta{number}" in given:
            z = z - given[f"theta{number}"]
        a = ACTIVATIONS[layer.activation.name](z, given.get(f"alpha{number}"))  # type: ignore[no-untyped-call]
    return a, LOSSES[loss](a, y)  # type: ignore[no-untyped-call]
