"""Networks and the derivation of a training step."""

from chainrule.derivation.derive import derive
from chainrule.derivation.lines import Derivation, Line
from chainrule.derivation.network import Dense, Dropout, Network, Parameter

__all__ = ["Dense", "Derivation", "Dropout", "Line", "Network", "Parameter", "derive"]
