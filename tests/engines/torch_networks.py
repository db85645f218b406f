"""The same networks and losses in PyTorch, built from torch.nn.functional and not from our formulas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from chainrule.derivation import Dense, Network

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda z: z,
    "step": lambda z: torch.heaviside(z.detach(), torch.ones((), dtype=z.dtype)) + 0 * z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": lambda z: F.leaky_relu(z, 0.01),
    "elu": F.elu,
    "softplus": F.softplus,
    "swish": F.silu,
    "gelu": F.gelu,
    "gelu_tanh": lambda z: F.gelu(z, approximate="tanh"),
    "softmax": lambda z: F.softmax(z, dim=1),
    "leaky_relu(alpha=0.3)": lambda z: F.leaky_relu(z, 0.3),
    "elu(alpha=1.75)": lambda z: F.elu(z, alpha=1.75),
    "swish(beta=2.5)": lambda z: z * torch.sigmoid(2.5 * z),
}

# Errors of each entry (B, K), or of each sample (B, 1), from the last weighted sums and the targets.
ERRORS: dict[str, Callable[[Tensor, Tensor, Callable[[Tensor], Tensor]], Tensor]] = {
    "mse": lambda z, y, f: F.mse_loss(f(z), y, reduction="none"),
    "half_squared_error": lambda z, y, f: F.mse_loss(f(z), y, reduction="none") / 2,
    "mae": lambda z, y, f: F.l1_loss(f(z), y, reduction="none"),
    "huber": lambda z, y, f: F.huber_loss(f(z), y, reduction="none", delta=1.0),
    "huber(delta=0.25)": lambda z, y, f: F.huber_loss(f(z), y, reduction="none", delta=0.25),
    "binary_crossentropy": lambda z, y, _: F.binary_cross_entropy_with_logits(z, y, reduction="none"),
    "crossentropy": lambda z, y, _: F.cross_entropy(z, y, reduction="none")[:, None],
}
SUMMED_OVER_OUTPUTS = {"half_squared_error", "crossentropy"}


def forward(
    network: Network, parameters: Mapping[str, Tensor], x: Tensor, masks: Mapping[str, Tensor]
) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """The last weighted sums, and the activation to apply to them."""
    a, number = x, 0
    for layer in network.layers:
        if not isinstance(layer, Dense):
            a = a * masks[f"m{number}"]
            continue
        number += 1
        bias = parameters.get(f"b{number}", torch.zeros(layer.units, dtype=x.dtype))
        z = F.linear(a, parameters[f"W{number}"].T, bias - parameters.get(f"theta{number}", 0.0))
        if layer.activation.name == "prelu":
            alpha = parameters[f"alpha{number}"]

            def f(at: Tensor, alpha: Tensor = alpha) -> Tensor:
                return F.prelu(at, alpha)
        else:
            f = ACTIVATIONS[
                layer.activation.spec if layer.activation.spec in ACTIVATIONS else layer.activation.name
            ]
        if number == len(network.dense):
            return z, f
        a = f(z)
    raise AssertionError("a network ends with its outputs")


def loss_and_gradients(
    network: Network,
    loss: str,
    values: Mapping[str, Any],
    *,
    sample_weights: Tensor | None = None,
    l2: float = 0.0,
    masks: Mapping[str, Tensor] | None = None,
) -> tuple[float, dict[str, Tensor]]:
    """The loss without the penalty, and the gradients of loss and penalty in every trained parameter."""
    parameters = {
        p.name: torch.tensor(values[p.name], requires_grad=not p.frozen) for p in network.parameters
    }
    x, y = torch.tensor(values["x"]), torch.tensor(values["y"])
    if y.dtype == torch.int64:
        y = y[:, 0]
    z, f = forward(network, parameters, x, masks or {})
    errors = ERRORS[loss](z, y, f)
    each = errors.sum(dim=1) if loss in SUMMED_OVER_OUTPUTS else errors.mean(dim=1)
    s = torch.ones(len(x), dtype=x.dtype) if sample_weights is None else sample_weights
    value = (each * s).sum() / s.sum()
    decayed = [parameters[p.name] for p in network.parameters if p.role == "weights" and not p.frozen]
    objective = value + l2 / 2 * sum(W.pow(2).sum() for W in decayed) if l2 else value
    trained = {name: tensor for name, tensor in parameters.items() if tensor.requires_grad}
    gradients = torch.autograd.grad(objective, list(trained.values()))
    return float(value.detach()), dict(zip(trained, gradients, strict=True))
