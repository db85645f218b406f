"""A perceptron trained on a table of two classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chainrule.errors import ConfigError
from chainrule.formulas.rules import RULES
from chainrule.learning.encoding import ClassTarget
from chainrule.learning.model import Model
from chainrule.learning.perceptron import PerceptronRun, train_perceptron
from chainrule.learning.provenance import made_with
from chainrule.learning.tasks import Prepared, prepare

NOT_FOR_ONE_UNIT = {
    "activation",
    "batch",
    "class_weight",
    "clip_norm",
    "clip_value",
    "dropout",
    "dtype",
    "fused",
}
NOT_FOR_ONE_UNIT |= {"improvement", "l2", "layers", "loss", "patience", "schedule", "tolerance", "validation"}


def perceptron_on_table(
    source: Any, target: str | None = None, *, threshold: float | None = None, **how: Any
) -> tuple[Model, PerceptronRun, Prepared]:
    """Train a perceptron on a table of two classes, one row at a time, on numbers as they are in the table.

    threshold: fixed at a number, or learnt (None).  how: rate, epochs, shuffle, seed, and how the table is read

    Raises ConfigError for a target that is not two classes, and for what means nothing to a single unit.
    """
    _check_one_unit(how)
    shuffle = how.pop("shuffle", False)
    how = {"scale": "none", "rule": "perceptron", **how, "layers": (), "loss": "mse", "dtype": "float64"}
    made = prepare(source, target, **how)
    encoding, settings = made.model.encoding, made.model.settings
    assert encoding is not None
    if not isinstance(encoding.target, ClassTarget) or len(encoding.target.classes) != 2:
        raise ConfigError(
            f'a perceptron decides between two classes, but "{encoding.target.name}" is not of two'
        )
    run = train_perceptron(
        made.train.X,
        made.train.y,
        threshold=threshold,
        learning_rate=settings.rule.parameters["learning_rate"],
        epochs=settings.epochs,
        order="shuffled" if shuffle else "cyclic",
        seed=settings.seed,
        names=encoding.feature_names,
    )
    settings = replace(settings, epochs=run.epochs, batch=1, shuffle=shuffle)
    model = replace(
        made.model,
        network=run.network,
        parameters=run.parameters,
        settings=settings,
        made_with=made_with("numpy"),
    )
    return model, run, made


def _check_one_unit(how: Mapping[str, Any]) -> None:
    """Raise ConfigError for a choice that a perceptron has no use for."""
    given = {name for name in NOT_FOR_ONE_UNIT & how.keys() if how[name] is not None}
    if "layers" in given and not len(how["layers"]):
        given.remove("layers")
    if given:
        names = ", ".join("--" + name.replace("_", "-") for name in sorted(given))
        raise ConfigError(
            f"the perceptron rule trains one unit, without {names}: leave that out, or use another rule"
        )
    rule = RULES.find(how.get("rule", "perceptron"))
    if rule.name != "perceptron":
        raise ConfigError(
            f"a perceptron learns by the perceptron rule, not by {rule.name}: leave the rule out, "
            "or train a network"
        )
