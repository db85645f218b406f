"""A working that is shown as matrices."""

from __future__ import annotations

import numpy as np

from chainrule.derivation import Dense, Network
from chainrule.working.document import Working
from chainrule.working.works import work


def large() -> Working:
    rng = np.random.default_rng(3)
    network = Network(20, [Dense(12, "relu"), Dense(3, "softmax")])
    targets = np.eye(3)[[0, 1, 2, 0]]
    return work(network, rng.random((4, 20)), targets, loss="crossentropy", title="A wide network")
