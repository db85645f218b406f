"""Finding an engine by name, or by the amount of work."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module

from chainrule.derivation.network import Network
from chainrule.engines.engine import Engine
from chainrule.engines.threads import largest_product
from chainrule.errors import unknown

AUTO = "auto"
ENGINES = {
    "numpy": "chainrule.engines.numpy:NumpyEngine",
    "compiled": "chainrule.engines.compiled:CompiledEngine",
}
"""Name → where its class is; loaded when first asked for."""

# What a step and a multiplication cost the NumPy engine, in seconds, and from how much of it on machine code
# is worth being made: its compiler takes about this long to load, and to compile what is not kept on disk.
STEP, MULTIPLICATION, WORTH_COMPILING = 1e-4, 2e-11, 1.0
# The same of a feedforward pass, whose products are narrow, with what a unit's bias and activation cost; it is
# asked for again more often than a training run, so less of it is enough.
PRODUCT, ACTIVATION, WORTH_COMPILING_FORWARD = 4e-11, 5e-9, 0.02
# An entry that a pass over memory touches costs as much as so many multiplications.
PASSED = 50


@cache
def find_engine(name: str) -> Engine:
    """The engine of a name. Raises UnknownName.

    >>> find_engine("numpy").name
    'numpy'
    """
    if name not in ENGINES:
        raise unknown("engine", name, [AUTO, *ENGINES])
    module, _, attribute = ENGINES[name].partition(":")
    made: Callable[[], Engine] = getattr(import_module(module), attribute)
    return made()


def check_engine(name: str) -> None:
    """Raise UnknownName for what is neither "auto" nor an engine."""
    if name != AUTO and name not in ENGINES:
        raise unknown("engine", name, [AUTO, *ENGINES])


def choose_engine(
    name: str, network: Network, rows: int, batch: int, epochs: int, entries: int | None = None
) -> Engine:
    """The engine of a name; "auto" is decided by the amount of work alone, so that results repeat.

    entries: how many of a sparse X are stored: the first layer multiplies by these only, and the NumPy
             engine goes over all its weights once a step

    >>> from chainrule.derivation.network import Dense
    >>> small = Network(2, [Dense(1)])
    >>> choose_engine("auto", small, 4, 4, 100).name, choose_engine("auto", small, 4, 4, 100_000).name
    ('numpy', 'compiled')
    """
    check_engine(name)
    if name != AUTO:
        return find_engine(name)
    steps = epochs * -(-rows // batch)
    multiplications = network.parameter_count * rows * epochs
    if entries is not None:
        first = network.sizes[0] * network.sizes[1]
        multiplications += (entries * network.sizes[1] - first * rows) * epochs + first * steps * PASSED
    work = steps * STEP + 3 * multiplications * MULTIPLICATION
    return find_engine("compiled" if work > WORTH_COMPILING else "numpy")


def choose_forward_engine(network: Network, rows: int) -> Engine:
    """The engine for a feedforward pass over so many rows, by the amount of work alone.

    >>> from chainrule.derivation.network import Dense
    >>> digits = Network(784, [Dense(128, "relu"), Dense(10, "softmax")])
    >>> choose_forward_engine(digits, 1000).name, choose_forward_engine(digits, 60_000).name
    ('numpy', 'compiled')
    """
    units = sum(network.sizes[1:])
    work = rows * (network.parameter_count * PRODUCT + units * ACTIVATION)
    return find_engine("compiled" if work > WORTH_COMPILING_FORWARD else "numpy")


def load_products(engine: Engine, network: Network, rows: int) -> None:
    """Load what the engine multiplies by, so that its threads can be set and its kind be recorded."""
    if engine.name == "compiled":
        from chainrule.engines.blas import product_function
        from chainrule.engines.product_rows import SMALL

        if largest_product(network, rows) > SMALL:
            product_function("float32")
