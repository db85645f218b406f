"""Drawings where the targets are class numbers: one for all outputs."""

from __future__ import annotations

from chainrule.derivation import Dense, Network
from chainrule.working.works import work


def test_a_network_with_class_numbers_for_targets_is_drawn() -> None:
    net = Network(2, [Dense(3, "softmax", weights=[[0.1, 0.2, 0.3], [0.3, 0.2, 0.1]])])
    working = work(net, [[1.0, 2.0]], [[1]], loss="crossentropy", fused=True, integer_targets=True)
    assert working.drawing is not None
    assert sum(node.kind == "target" for node in working.drawing.nodes) == 1
