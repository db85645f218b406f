"""What a run makes smaller: the lines of its training step, and what each class weighs in its loss."""

from __future__ import annotations

import numpy as np

from chainrule.derivation import Derivation, Network, derive
from chainrule.engines.arrays import evaluate_arrays
from chainrule.engines.engine import Data
from chainrule.engines.samples import classes_of
from chainrule.errors import ConfigError
from chainrule.formulas.layers import balanced_class_weight
from chainrule.learning.settings import Settings


def training_lines(network: Network, data: Data, settings: Settings, *, rule: bool = True) -> Derivation:
    """The lines of a training step on such data; without `rule`, of its loss only."""
    weights = settings.class_weight
    return derive(
        network,
        settings.loss,
        settings.rule if rule else None,
        l2=settings.l2,
        clip_norm=settings.clip_norm,
        clip_value=settings.clip_value,
        sample_weights=data.weights is not None,
        class_weights=weights if isinstance(weights, tuple) else None,
        integer_targets=data.y.dtype.kind in "iu",
        fused=settings.fused,
    )


def class_weights(network: Network, data: Data, settings: Settings) -> tuple[float, ...] | None:
    """The weight of each class; "balanced" weighs a class by how rare it is."""
    if settings.class_weight is None:
        return None
    classes = classes_of(data.y, settings.loss)
    if classes is None:
        raise ConfigError("class weights need a target of classes: leave class_weight out")
    if settings.class_weight != "balanced":
        return tuple(settings.class_weight)
    count = max(network.outputs, 2)
    counts = np.bincount(classes, minlength=count)
    sizes = {"N": len(classes), "K": count, "n": np.maximum(counts, 1)}
    weights = evaluate_arrays(balanced_class_weight.tree, sizes)
    return tuple(float(w) if n else 0.0 for w, n in zip(weights, counts, strict=True))
