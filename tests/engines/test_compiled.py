"""The compiled engine beside the NumPy engine: single steps, whole runs, resumption, threads, fallback."""

from __future__ import annotations

import math
import multiprocessing
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from parity import COMPILED, PLAIN, assert_engines_agree

import chainrule as cr
from chainrule.derivation import Dense, Dropout, Network, derive
from chainrule.engines.compiled import CompiledEngine
from chainrule.engines.compiled_training import CompiledTrainer
from chainrule.engines.engine import Data
from chainrule.engines.initial import initial_parameters
from chainrule.engines.numpy import NumpyTrainer
from chainrule.formulas.activations import ACTIVATIONS, activation
from chainrule.formulas.expression import PRIMITIVES
from chainrule.formulas.losses import LOSSES, loss
from chainrule.formulas.rules import RULES, rule
from chainrule.formulas.vocabulary import absolute, cos, log1p, scalar, where
from chainrule.learning.loop import train_prepared
from chainrule.learning.settings import make_settings
from tolerances import assert_close

NETWORKS = {
    "one unit": Network(3, [Dense(1, "sigmoid")]),
    "deep": Network(3, [Dense(4, "tanh"), Dense(3, "relu", bias=False), Dense(2, "sigmoid")]),
    "softmax": Network(3, [Dense(4, "gelu"), Dense(3, "softmax")]),
    "dropout": Network(3, [Dropout(0.2), Dense(4, "elu"), Dropout(0.5), Dense(2)]),
    "prelu": Network(3, [Dense(4, "prelu"), Dense(2, "swish(2.0)")]),
    "frozen": Network(3, [Dense(4, "softplus"), Dense(4, "sigmoid", frozen=True), Dense(2, "tanh")]),
    "thresholds": Network(3, [Dense(4, "sigmoid", threshold=True), Dense(2, "sigmoid")]),
    "wide": Network(19, [Dense(35, "tanh"), Dropout(0.1), Dense(21, "prelu"), Dense(17, "softmax")]),
    "large": Network(90, [Dense(80, "relu"), Dense(70, "tanh"), Dense(10, "softmax")]),
}
CHOSEN = {
    "softmax": "crossentropy",
    "one unit": "binary_crossentropy",
    "wide": "crossentropy",
    "large": "crossentropy",
}
OPTIONS: list[dict[str, Any]] = [
    {},
    {"l2": 0.01},
    {"clip_norm": 0.05},
    {"clip_value": 0.02, "sample_weights": True},
]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_step_is_the_numpy_engines(name: str, options: dict[str, Any], dtype: str) -> None:
    by = "adam" if dtype == "float64" else "momentum"
    assert_engines_agree(NETWORKS[name], CHOSEN.get(name, "mse"), by, options, dtype)


@pytest.mark.parametrize("name", [name for name in RULES if name != "perceptron"])
def test_a_rule_is_the_numpy_engines(name: str) -> None:
    # A rule's state may have the name that the samples' weights have (s).
    for network, weighted in (("deep", True), ("prelu", False), ("wide", True)):
        options = {"sample_weights": weighted}
        assert_engines_agree(NETWORKS[network], CHOSEN.get(network, "mse"), name, options, "float64")


@pytest.mark.parametrize("threshold", [False, True])
def test_the_perceptron_rule_is_the_numpy_engines(threshold: bool) -> None:
    assert_engines_agree(
        Network(3, [Dense(2, "step", threshold=threshold)]), "mse", "perceptron", {}, "float64"
    )


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "softmax"])
def test_an_activation_is_the_numpy_engines(name: str) -> None:
    for units, dtype in ((1, "float64"), (3, "float32")):
        assert_engines_agree(Network(3, [Dense(5, name), Dense(units, name)]), "mse", "sgd", {}, dtype)


@pytest.mark.parametrize("fused", [None, False])
@pytest.mark.parametrize("batch", ["sum", "mean"])
@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_is_the_numpy_engines(name: str, batch: str, fused: bool | None) -> None:
    entry = LOSSES[name](batch=batch, outputs="sum" if fused else "mean")
    for units in (1, 3, 18):
        if units == 1 and entry.targets == "classes":
            continue
        network = Network(3, [Dense(5, "tanh"), Dense(units, entry.output)])
        for weighted in (False, True):
            options = {"fused": fused, "sample_weights": weighted}
            assert_engines_agree(network, entry, "sgd", options, "float64")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("softmax", {"integer_targets": True}),
        ("softmax", {"class_weights": (1, 2, 3.0)}),
        ("softmax", {"class_weights": (1, 2, 3.0), "sample_weights": True, "integer_targets": True}),
        ("one unit", {"class_weights": (1, 2.0)}),
        ("one unit", {"class_weights": (1, 2.0), "sample_weights": True}),
    ],
    ids=str,
)
def test_weights_of_classes_and_class_numbers_are_the_numpy_engines(
    name: str, options: dict[str, Any]
) -> None:
    assert_engines_agree(NETWORKS[name], CHOSEN[name], "sgd", options, "float64")


class _OneMillionthTooHigh(CompiledEngine):
    def run(self, *given: Any, **named: Any) -> Any:
        step = super().run(*given, **named)
        return replace(step, values={**step.values, "a1": np.asarray(step.values["a1"]) * (1 + 1e-6)})


def test_the_comparison_can_fail() -> None:
    with pytest.raises(AssertionError, match="a1"):
        assert_engines_agree(NETWORKS["deep"], "mse", "sgd", {}, "float64", ours=_OneMillionthTooHigh())


# --- whole runs -------------------------------------------------------------------------------------

RNG = np.random.default_rng(6)
X = RNG.normal(size=(60, 3))
Y = (X[:, 0] * X[:, 1] > 0).astype(float)
NETWORK = Network(3, [Dense(8, "tanh"), Dense(1, "sigmoid")])


def _train(engine: str = "compiled", **choices: Any) -> cr.Run:
    given: dict[str, Any] = {"epochs": 100, "batch": 16, "rate": 0.01, "dtype": "float64", "seed": 2}
    return cr.train(NETWORK, X, Y, **{**given, **choices}, engine=engine)


@pytest.mark.parametrize(
    "choices",
    [
        {},
        {"batch": 60},
        {"patience": 5, "validation": 0.2},
        {"schedule": "cosine", "l2": 0.01, "shuffle": False},
        {"class_weight": "balanced", "clip_norm": 0.5},
    ],
    ids=str,
)
def test_a_run_is_the_numpy_engines(choices: dict[str, Any]) -> None:
    ours, theirs = _train(**choices), _train("numpy", **choices)
    assert len(ours.history) == len(theirs.history)
    assert ours.stopped == theirs.stopped
    for got, wanted in zip(ours.history, theirs.history, strict=True):
        assert_close(got.loss, wanted.loss, "whole run")
        assert_close(got.gradient_norms, wanted.gradient_norms, "whole run")
        assert got.rate == wanted.rate
    for name, value in theirs.model.parameters.items():
        assert_close(ours.model.parameters[name], value, "whole run", what=name)
    assert ours.model.made_with["engine"] == "compiled"


def test_a_run_repeats_to_the_same_bits_with_and_without_somebody_watching() -> None:
    first, second = _train(), _train(callbacks=[lambda record: None])
    assert first.model.digest == second.model.digest == _train().model.digest
    assert [r.loss for r in first.history] == [r.loss for r in second.history]
    assert [r.gradient_norms for r in first.history] == [r.gradient_norms for r in second.history]


def test_cutting_a_run_into_slices_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = _train()
    monkeypatch.setattr("chainrule.learning.loop.SLICE", 0.0)
    monkeypatch.setattr("chainrule.engines.compiled_training.LOOK", 0.0)
    assert _train().model.digest == whole.model.digest


class PulledPlug(Exception):
    """Stands for a power cut."""


def _pull(record: cr.EpochRecord) -> None:
    if record.epoch == 37:
        raise PulledPlug


def test_a_broken_off_run_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    path = tmp_path / "run.checkpoint"
    with pytest.raises(PulledPlug):
        _train(callbacks=[_pull], checkpoint=path, checkpoint_epochs=5)
    gone_on = _train(checkpoint=path, resume=True)
    assert gone_on.notes[0].startswith("resumed after epoch 35")
    assert gone_on.model.digest == _train().model.digest


@pytest.mark.parametrize(
    ("batch", "told"), [(60, "Ctrl-C, after epoch 3"), (16, "Ctrl-C, in epoch 1 after batch 3")]
)
def test_ctrl_c_stops_a_run_over_several_epochs(
    batch: int, told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one, taken = CompiledTrainer._call, []

    def call(self: CompiledTrainer, most: int) -> Any:
        taken.append(most)
        if len(taken) == 3:
            signal.raise_signal(signal.SIGINT)
        return one(self, 1)

    path = tmp_path / "run.checkpoint"
    monkeypatch.setattr(CompiledTrainer, "_call", call)
    run = _train(batch=batch, checkpoint=path)
    assert run.interrupted
    assert run.stopped == told
    assert len(taken) == 3
    monkeypatch.undo()
    assert _train(batch=batch, checkpoint=path, resume=True).model.digest == _train(batch=batch).model.digest


@pytest.mark.parametrize("progress", [None, lambda record: None], ids=["unwatched", "progress"])
@pytest.mark.parametrize(("rate", "clip_norm"), [(1.0, None), (0.02, None), (1e30, 1e30)])
def test_an_exploding_run_is_told_as_the_numpy_engine_tells_it(
    rate: float, clip_norm: float | None, progress: Any
) -> None:
    told = []
    network = Network(3, [Dense(8), Dense(1)])
    settings = make_settings(
        loss="mse", epochs=50, rule="sgd", rate=rate, clip_norm=clip_norm, dtype="float64"
    )
    for engine in ("numpy", "compiled"):
        with pytest.raises(cr.errors.Divergence) as caught:
            train_prepared(
                network, Data(X * 100, Y[:, None]), None, settings, engine=engine, progress=progress
            )
        told.append(str(caught.value))
    assert told[0] == told[1]
    assert re.search(r"epoch \d+, batch \d+", told[0])


def test_a_later_epoch_and_batch_are_named_where_several_epochs_go_in_one_call() -> None:
    rows = np.ones((4, 1))
    settings = make_settings(loss="mse", epochs=500, batch=2, rule="sgd", rate=1.5, dtype="float64")
    network = Network(1, [Dense(1, bias=False, weights=[[2.0]])])
    told = []
    for engine in ("numpy", "compiled"):
        with pytest.raises(cr.errors.Divergence) as caught:
            train_prepared(network, Data(rows, 0 * rows), None, settings, engine=engine)
        told.append(str(caught.value))
    assert told[0] == told[1]
    found = re.search(r"epoch (\d+), batch (\d+)", told[0])
    assert found is not None
    assert int(found[1]) > 2


def test_progress_is_told_in_slices_and_of_the_last_epoch() -> None:
    seen: list[int] = []
    settings = make_settings(loss="mse", epochs=200, batch=16, rate=0.01)
    for engine in ("numpy", "compiled"):
        seen.clear()
        data = Data(X, Y[:, None])
        run = train_prepared(
            NETWORK, data, None, settings, engine=engine, progress=lambda record: seen.append(record.epoch)
        )
        assert seen == sorted(seen)
        assert seen[-1] == run.epochs == 200
        assert len(seen) < 200


def test_checkpoints_every_few_epochs_cut_no_run_into_single_epochs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[int] = []
    epochs = CompiledTrainer.epochs

    def counted(self: CompiledTrainer, orders: Any, batch: int, rates: Any, *others: Any) -> Any:
        calls.append(len(rates))
        return epochs(self, orders, batch, rates, *others)

    monkeypatch.setattr(CompiledTrainer, "epochs", counted)
    monkeypatch.setattr("chainrule.learning.loop.SLICE", 60.0)
    run = _train(checkpoint=tmp_path / "c", checkpoint_epochs=30, checkpoint_seconds=None)
    assert calls == [30, 30, 30, 10]
    assert run.model.digest == _train().model.digest


def test_the_outputs_and_the_loss_of_many_rows_are_the_numpy_engines() -> None:
    many = np.random.default_rng(1).normal(size=(1300, 3))
    derivation = derive(NETWORK, "binary_crossentropy")
    data = Data(many, (many[:, :1] > 0).astype(float))
    parameters = initial_parameters(NETWORK, 1)
    got, wanted = (e.forward(derivation, parameters, data, dtype="float64") for e in (COMPILED, PLAIN))
    assert_close(got[0], wanted[0], "rounding")
    assert_close(got[1], wanted[1], "rounding")


@pytest.mark.parametrize("engine", [COMPILED, PLAIN])
def test_single_rows_are_predicted_as_many_are(engine: Any) -> None:
    network = NETWORKS["wide"].without_dropout()
    parameters = initial_parameters(network, 1)
    rows = np.random.default_rng(1).normal(size=(5, 19)).astype(np.float32)
    evaluator = engine.evaluator(derive(network), dtype="float32")
    wanted, _ = evaluator(parameters, Data(rows, np.empty((5, 0))))
    one = evaluator.single(parameters)
    got = [one(row) for row in rows]
    for row, outputs in zip(got, wanted, strict=True):
        assert_close(row, outputs, "engines in float32")


def test_a_model_predicts_single_rows() -> None:
    model = _train(epochs=2).model
    assert_close(model.row_predictor()(X[7]), model.outputs(X[7:8])[0], "rounding")


# --- one's own formulas, fallback, threads, processes -----------------------------------------------


@pytest.fixture
def own() -> Iterator[None]:
    activation("bent", value=lambda z, k: z / (1 + k * absolute(z)),
               slope=lambda z, k: 1 / (1 + k * absolute(z)) ** 2, parameters={"k": 0.5})  # fmt: skip
    loss(
        "log_cosh_like",
        value=lambda p, y: log1p((p - y) ** 2),
        slope=lambda p, y: 2 * (p - y) / (1 + (p - y) ** 2),
    )
    rule(
        "signed",
        parameters={"learning_rate": 0.01},
        state={"m": 0.0},
        assignments=[
            ("m", lambda m, g: 0.9 * m + g),
            ("w", lambda w, m, eta: w - eta * where(m > 0, 1, -1)),
        ],
    )
    yield
    for catalogue, name in ((ACTIVATIONS, "bent"), (LOSSES, "log_cosh_like"), (RULES, "signed")):
        catalogue.remove(name)


@pytest.mark.usefixtures("own")
def test_formulas_of_ones_own_run_compiled() -> None:
    network = Network(3, [Dense(5, "bent"), Dense(2, "bent(2.0)")])
    for dtype in ("float64", "float32"):
        assert_engines_agree(network, "log_cosh_like", "signed", {}, dtype)


@pytest.fixture
def unspelled() -> Iterator[None]:
    """An activation by a primitive that there is no machine code for."""
    sine = scalar("sine", math.sin, "sin({0:free})", r"\sin({0:free})", "<mi>sin</mi>", numpy="numpy:sin")
    activation("sine", value=lambda z: sine(z), slope=lambda z: cos(z))
    yield
    ACTIVATIONS.remove("sine")
    del PRIMITIVES["sine"]


@pytest.mark.usefixtures("unspelled")
def test_what_there_is_no_machine_code_for_goes_to_the_numpy_engine_as_a_whole() -> None:
    network = Network(3, [Dense(8, "sine"), Dense(1, "sigmoid")])
    run = cr.train(network, X, Y, epochs=2, engine="compiled")
    assert run.model.made_with["engine"] == "numpy"
    assert any("the numpy engine computed it" in note for note in run.notes)
    derivation = derive(network, "mse", "sgd")
    values = {**initial_parameters(network), "x": X, "y": Y[:, None]}
    assert COMPILED.run(derivation, values)["C"] == PLAIN.run(derivation, values)["C"]
    trainer = COMPILED.trainer(
        derivation, initial_parameters(network), Data(X, Y[:, None]), dtype="float64", key=0
    )
    assert isinstance(trainer, NumpyTrainer)


def test_two_threads_train_at_once_as_one_does() -> None:
    def digest(seed: int) -> str:
        return _train(seed=seed, epochs=300).model.digest

    alone = [digest(seed) for seed in (1, 2)]
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(digest, (1, 2))) == alone


def _digest_in_a_process(seed: int) -> str:
    return _train(seed=seed, epochs=20).model.digest


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_a_worker_process_gets_the_same_bits(method: str) -> None:
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"no {method} on this platform")
    wanted = _digest_in_a_process(4)
    if method == "fork":
        # Python warns of forking beside threads; that it is safe here is what the test shows.
        code = (
            "import os, warnings; warnings.simplefilter('ignore')\n"
            "from test_compiled import _digest_in_a_process as digest\n"
            f"assert digest(4) == {wanted!r}\n"
            "child = os.fork()\n"
            f"if not child: os._exit(digest(4) != {wanted!r})\n"
            "assert os.waitpid(child, 0)[1] == 0\n"
        )
        subprocess.run([sys.executable, "-c", code], check=True, env=_environment())
        return
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.map(_digest_in_a_process, [4]) == [wanted]


def _environment() -> dict[str, str]:
    here = Path(__file__).parent
    path = os.pathsep.join([str(here), str(here.parent), *sys.path])
    return {**os.environ, "PYTHONPATH": path}
