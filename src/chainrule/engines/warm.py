"""Making machine code ahead of its first use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from chainrule.derivation import Dense, Derivation, Network, derive
from chainrule.engines.compiled import CompiledEngine
from chainrule.engines.compiled_training import CompiledTrainer
from chainrule.engines.engine import Data
from chainrule.engines.initial import initial_parameters
from chainrule.engines.machine import the_machine
from chainrule.engines.row_products import row_product
from chainrule.engines.sparse import sparse_rows
from chainrule.formulas.activations import ACTIVATIONS
from chainrule.formulas.losses import LOSSES
from chainrule.formulas.rules import RULES

USUAL_RULE = "adam"


def warm(dtypes: Sequence[str] = ("float32", "float64")) -> int:
    """Make the code of every activation, loss and rule of the catalogues; returns how much was not there yet.

    >>> warm([])
    0
    """
    from scipy.sparse import csr_array

    before = the_machine().compiled
    engine = CompiledEngine()
    for dtype in dtypes:
        the_machine().address(row_product(dtype))
    for derivation, dtype in product(_usual(), dtypes):
        network = derivation.network
        classes = derivation.loss is not None and derivation.loss.targets == "classes"
        y = np.zeros((50, 1), np.int64) if classes else np.zeros((50, network.outputs))
        X: Any = np.zeros((50, network.inputs))
        # What a sparse X needs is by rule, whatever else the network is made of.
        by_rule = derivation.rule is not None and derivation.rule.name != USUAL_RULE
        for table in (X, sparse_rows("X", csr_array(X))) if by_rule else (X,):
            data = Data(table, y)
            trainer = engine.trainer(derivation, initial_parameters(network), data, dtype=dtype, key=0)
            if isinstance(trainer, CompiledTrainer):
                trainer.prepare(32)
                trainer.prepare(50)
        engine.evaluator(derive(network), dtype=dtype)
    return the_machine().compiled - before


def _usual() -> Iterator[Derivation]:
    """Small and wide networks of each activation, loss and rule."""
    elementwise = [entry for entry in ACTIVATIONS.values() if entry.elementwise]
    for width, activation in product((4, 32), elementwise):
        layers = [Dense(width, activation), Dense(width, activation), Dense(1)]
        yield derive(Network(8, layers), "mse", USUAL_RULE)
    for outputs, loss in product((1, 3, 32), LOSSES.values()):
        if outputs > 1 or loss.targets != "classes":
            network = Network(8, [Dense(32, "relu"), Dense(outputs, loss.output)])
            yield derive(network, loss, USUAL_RULE, integer_targets=loss.targets == "classes")
    for rule in RULES.values():
        if rule.needs_gradient:
            yield derive(Network(8, [Dense(32, "relu"), Dense(1)]), "mse", rule)
