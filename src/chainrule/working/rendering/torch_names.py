"""PyTorch's own names for what the catalogues hold; an entry without one is written from its tree.

In a template {z}, {p}, {y} and the parameters' names stand for what the derivation puts there.
"""

from __future__ import annotations

F = "torch.nn.functional"

# Where PyTorch's own differ from ours, the spelling says how it is made the same: softplus is cut to z
# above its threshold; the step's slope is 0, which autograd only takes from something that has one.
ACTIVATIONS: dict[str, str] = {
    "identity": "{z}",
    "step": "torch.where({z} >= {threshold}, 1.0, 0.0) + 0 * {z}",
    "sigmoid": "torch.sigmoid({z})",
    "tanh": "torch.tanh({z})",
    "relu": "torch.relu({z})",
    "leaky_relu": F + ".leaky_relu({z}, {alpha})",
    "prelu": F + ".prelu({z}, {alpha})",
    "elu": F + ".elu({z}, {alpha})",
    "softplus": F + ".softplus({z}, threshold=40)",
    "swish": "{z} * torch.sigmoid({beta} * {z})",
    "gelu": F + ".gelu({z})",
    "gelu_tanh": F + '.gelu({z}, approximate="tanh")',
    "softmax": "torch.softmax({z}, dim=1)",
}

# Swish with β = 1.
SILU = F + ".silu({z})"

# The error of each output, from the outputs p and the targets y.
LOSSES: dict[str, str] = {
    "mse": F + '.mse_loss({p}, {y}, reduction="none")',
    "half_squared_error": F + '.mse_loss({p}, {y}, reduction="none") / 2',
    "mae": F + '.l1_loss({p}, {y}, reduction="none")',
    "huber": F + '.huber_loss({p}, {y}, reduction="none", delta={delta})',
    "binary_crossentropy": F + '.binary_cross_entropy({p}, {y}, reduction="none")',
    "crossentropy": "-torch.special.xlogy({y}, {p})",
}
# Where an output is 0, autograd makes 0/0 of the targets that are 0.
GUARDED_CROSSENTROPY = "-torch.special.xlogy({y}, torch.where({y} > 0, {p}, 1.0))"

# The same from the weighted sums of the output layer; cross_entropy has summed over the outputs already.
FUSED: dict[str, str] = {
    "binary_crossentropy": F + '.binary_cross_entropy_with_logits({z}, {y}, reduction="none")',
    "crossentropy": F + '.cross_entropy({z}, {y}, reduction="none")',
}
SUMMED = ("crossentropy",)

# Optimiser, its arguments from the rule's parameters, and its names for the state the rule keeps.
OPTIMISERS: dict[str, tuple[str, str, dict[str, str]]] = {
    "gradient_descent": ("SGD", "", {}),
    "momentum": ("SGD", "momentum={mu}", {"v": "momentum_buffer"}),
    "nesterov": ("SGD", "momentum={mu}, nesterov=True", {"v": "momentum_buffer"}),
    "adagrad": ("Adagrad", "eps={epsilon}", {"s": "sum"}),
    "adadelta": ("Adadelta", "rho={rho}, eps={epsilon}", {"s": "square_avg", "u": "acc_delta"}),
    "rmsprop": ("RMSprop", "alpha={alpha}, eps={epsilon}", {"s": "square_avg"}),
    "adam": ("Adam", "betas=({beta1}, {beta2}), eps={epsilon}", {"m": "exp_avg", "v": "exp_avg_sq"}),
    "adamw": (
        "AdamW",
        "betas=({beta1}, {beta2}), eps={epsilon}, weight_decay={weight_decay}",
        {"m": "exp_avg", "v": "exp_avg_sq"},
    ),
}
