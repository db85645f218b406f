"""Notations: the built-in ones, one's own, what is wrong with a file, and vectors as columns."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from chainrule.derivation import Dense, Network, derive
from chainrule.engines.numpy import NumpyEngine
from chainrule.errors import ChainruleError, ConfigError, UnknownName
from chainrule.formulas.expression import Expression, Symbol, fold
from chainrule.working.names.columns import in_columns
from chainrule.working.names.notation import NOTATIONS, read_notation

Told = Callable[[type[ChainruleError], Callable[[], object]], str]


@pytest.mark.parametrize("name", NOTATIONS)
def test_every_built_in_notation_is_read_and_says_where_it_is_from(name: str) -> None:
    notation = read_notation(name)
    assert (notation.name, notation.base) == (name, 1)
    assert notation.title
    assert notation.source


def test_a_notation_says_which_loss_its_squared_error_is() -> None:
    meant = {name: read_notation(name).loss("squared_error").name for name in ("psyc681", "cap4453")}
    assert meant == {"psyc681": "mse", "cap4453": "half_squared_error"}
    assert read_notation("cap4453").loss("mse").name == "mse"


def test_a_course_says_whether_vectors_are_columns_and_what_a_bias_is() -> None:
    assert (read_notation("comp0087").columns, read_notation("comp0087").bias) == (True, "weight")
    assert (read_notation("psyc681").columns, read_notation("psyc681").bias) == (False, "bias")


def test_names_of_a_special_form_come_before_the_general_ones() -> None:
    notation = read_notation("comp0087")
    assert notation.templates("a2", layers=2, outputs=1) == ("c", "ŷ")
    assert notation.templates("a2", layers=2, outputs=3) == ("ŷ_{k}", "a^[{l}]_{k}")
    assert notation.templates("a1", layers=2, outputs=3) == ("a^[{l}]_{k}",)


def test_a_notation_of_ones_own_says_only_what_is_different(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('title = "Mine"\nbase = 0\n[names]\nW = "v_{number}"\n')
    notation = read_notation(file)
    assert (notation.name, notation.base, notation.source) == ("mine", 0, "")
    assert notation.templates("W1", 1, 1) == ("v_{number}",)
    assert notation.templates("z1", 1, 1) == ("z{l}[{n},{k}]",)


def test_an_unknown_notation_is_refused_with_near_names(told: Told) -> None:
    message = told(UnknownName, lambda: read_notation("psyc68"))
    assert message.startswith('there is no notation called "psyc68": did you mean "psyc681"?')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[names]\nW = "w_{m}"', 'the template "w_{m}" has {m}: known are {l}, {i}, {j}, {k}, {n}'),
        ('[names]\nW = "5w"', '"5w" is no template: write a letter, then _below, ^above or [index]'),
        ("[names]\nW = 5", "the template of W must be text in quotes, not 5"),
        ("[names]\nW = []", "W has no template: give one"),
        ("base = 2", "base must be at most 1, not 2"),
        ("colums = true", 'there is no key "colums", did you mean "columns"?'),
        ('squared_error = "mze"', 'there is no loss called "mze": did you mean "mse"?'),
    ],
)
def test_a_mistake_in_a_notation_file_is_named(text: str, message: str, tmp_path: Path, told: Told) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('title = "Mine"\n' + text)
    said = told(ConfigError, lambda: read_notation(file))
    assert said.startswith(f'"{file}": ')
    assert message in said


# --- vectors as columns -----------------------------------------------------------------------------


def test_the_column_view_of_a_weighted_sum_is_w_times_x() -> None:
    derivation = derive(Network(2, [Dense(3, "sigmoid")]), "mse", "gradient_descent", fused=False)
    shown = {symbol: repr(in_columns(derivation[symbol].tree)) for symbol in ("z1", "dW1", "db1")}
    assert shown == {"z1": "W1 x + b1", "dW1": "d1 xᵀ", "db1": "Σ_k(d1)"}


@pytest.mark.parametrize("loss", ["mse", "crossentropy", "binary_crossentropy"])
@pytest.mark.parametrize("fused", [True, False])
def test_the_column_view_has_the_same_numbers_transposed(loss: str, fused: bool) -> None:
    output = {"mse": "tanh", "crossentropy": "softmax", "binary_crossentropy": "sigmoid"}[loss]
    network = Network(2, [Dense(4, "relu"), Dense(3, output)])
    derivation = derive(network, loss, "gradient_descent", fused=fused and loss != "mse", l2=0.1)
    rng = np.random.default_rng(7)
    values = {p.name: rng.normal(size=p.shape) for p in network.parameters}
    values |= {"x": rng.normal(size=(5, 2)), "y": np.eye(3)[[0, 1, 2, 0, 1]]}
    step = NumpyEngine().run(derivation, values, rate=0.1)
    known = {**step.values, **derivation.constants, **values, "eta": 0.1}
    turned = {symbol: _column(value) for symbol, value in known.items()}
    for line in derivation:
        value = step.updated[line.symbol] if line.phase == "update" else step[line.symbol]
        np.testing.assert_allclose(_numbers(in_columns(line.tree), turned), _column(value), rtol=1e-12)


def test_a_forgotten_transpose_would_be_noticed() -> None:
    derivation = derive(Network(2, [Dense(3)]))
    values = {"x": _column(np.ones((1, 2))), "W1": np.ones((2, 3)), "b1": _column(np.ones(3))}
    with pytest.raises(ValueError, match="mismatch"):
        _numbers(in_columns(derivation["z1"].tree), values)


def _column(value: object) -> np.ndarray:
    made = np.asarray(value, dtype=float)
    return made.reshape(-1, 1) if made.ndim == 1 else made.T


def _numbers(tree: Expression, values: dict[str, np.ndarray]) -> np.ndarray:
    """The value of a formula by NumPy's own functions, none of the engine's."""
    own = {
        "matmul": np.matmul,
        "transpose": np.transpose,
        "row_sum": lambda a: a.sum(axis=1, keepdims=True),
        "column_sum": lambda a: a.sum(axis=0, keepdims=True),
        "row_max": lambda a: a.max(axis=1, keepdims=True),
        "total": np.sum,
        "rows": len,
        "where": np.where,
        "xlogy": lambda x, y: np.where(x == 0, 0.0, x * np.log(np.where(x == 0, 1.0, y))),
        "square": np.square,
        "log": np.log,
    }

    def apply(primitive: object, *arguments: object) -> object:
        name = primitive.name  # type: ignore[attr-defined]
        return own.get(name, getattr(np, name, None))(*arguments)  # type: ignore[misc]

    found = fold(tree, lambda symbol: values[symbol.name], lambda c: np.float64(c.value), apply)
    return np.asarray(found)


def test_turning_twice_is_turning_not_at_all() -> None:
    x, w = Symbol("x"), Symbol("W")
    for tree in (x @ w, x.T @ w, (x @ w.T) * x):
        assert in_columns(in_columns(tree)) is tree
