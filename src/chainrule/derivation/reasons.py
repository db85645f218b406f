"""Why each line is there: one sentence each."""

from __future__ import annotations

from chainrule.formulas.activations import Activation
from chainrule.formulas.definition import Definition
from chainrule.formulas.losses import Loss
from chainrule.formulas.rules import Rule

CHANCE = "a random number for each value, from the run's seed and the step"
DROP = "the values that are kept, scaled so that their expected sum stays the same"
ONE_HOT = "the target as a row with 1 at its class and 0 elsewhere"
CLASS_WEIGHT = "how much each sample counts, from the weight of its class"
PENALTY = "large weights are penalised: λ/2 times the sum of their squares, biases left out"
OBJECTIVE = "what training makes small: the loss and the penalty"
NORM = "the length of the whole gradient"
FACTOR = "what shortens the gradient to length c where it is longer"


def weighted_sum(layer: int, made: Definition) -> str:
    """For z."""
    last = {"b": ", plus its bias", "theta": ", less its threshold (the weight of a constant input −1)"}
    ending = next((words for name, words in last.items() if name in made.arguments), "")
    return f"each unit of layer {layer} adds up its inputs, each times its weight{ending}"


def activation(entry: Activation, *, last: bool) -> str:
    """For a."""
    what = "the network's output" if last else "what the unit passes on"
    if not entry.elementwise:
        return f"{entry.name} of the layer's weighted sums is {what}"
    return f"{entry.name} of the weighted sum is {what}"


def mask(rate: float) -> str:
    """For a dropout mask."""
    return f"0 with probability {rate:g}, otherwise 1/(1 − {rate:g})"


def loss(made: Loss, fused: bool) -> str:
    """For C."""
    ways = {"mean": "averaged", "sum": "summed"}
    outputs = f"{ways[made.over_outputs]} over the outputs and {ways[made.over_batch]} over the batch"
    form = f", in its stable form straight from the weighted sums of the {made.output} layer" if fused else ""
    return f"how wrong the outputs are: {made.name.replace('_', ' ')}, {outputs}{form}"


def gradient(symbol: str, through: str, penalised: bool) -> str:
    """For a gradient line."""
    letter = symbol.rstrip("0123456789")
    if through == "C":
        return f"how the loss changes with {symbol}: its slope there"
    if letter == "z":
        return f"chain rule: the gradient arriving at {through} times the activation's slope"
    if letter in ("a", "h"):
        how = (
            "through the mask"
            if through.startswith("h")
            else "each unit collects from all it feeds, weight by weight"
        )
        return f"back through {through}: {how}"
    if letter == "W":
        decay = ", and the penalty's share" if penalised else ""
        return (
            f"each weight's share: what came in times the gradient at {through}, summed over the batch{decay}"
        )
    if letter in ("b", "theta"):
        constant = "1" if letter == "b" else "−1"
        return f"the same for a constant input {constant}: the gradient at {through}, summed over the batch"
    return f"the learnt parameter's share: its slope times the gradient at {through}, summed over all"


def clipped(parameter: str) -> str:
    """For a clipped gradient."""
    return f"the gradient of {parameter}, bounded"


def assignment(rule: Rule, target: str, parameter: str) -> str:
    """For a line of the update."""
    name = rule.name.replace("_", " ")
    if target == "w":
        return f"{name}: the new {parameter}"
    kept = "kept for the next step" if target in (rule.state or {}) else "used in this step"
    return f"{name}: {target.replace('_hat', ' without its bias towards 0')} of {parameter}, {kept}"
