"""A trained network and everything needed to use it again: encoding, classes, history, settings."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.derivation import Derivation, Network, derive
from chainrule.engines.arrays import evaluate_arrays
from chainrule.engines.choose import choose_forward_engine, find_engine
from chainrule.engines.engine import Data
from chainrule.engines.samples import check_inputs, check_range, check_targets, check_weights, class_numbers
from chainrule.engines.sparse import is_sparse
from chainrule.errors import ChainruleError, ConfigError, ModelFileError
from chainrule.files.atomic import checked_path, quoted
from chainrule.files.tensors import read_tensors, write_tensors
from chainrule.formulas.measures import MEASURES
from chainrule.learning.encoding import ClassTarget, Encoding, NumberTarget
from chainrule.learning.evaluators import Evaluators
from chainrule.learning.history import History
from chainrule.learning.settings import Settings
from chainrule.learning.sources import open_table
from chainrule.learning.tables import Table

Array = NDArray[Any]
KIND = "model"


@dataclass(frozen=True, eq=False)
class Model:
    """A trained network.

    network, parameters: the specification, and the numbers by name (dtype of the run)
    settings: how it was trained; history: what happened
    encoding: how the columns of a table become X and y, for a model trained on a table
    made_with: versions of what made it, thread count, engine

    X is (N, I) for a network trained on arrays; `predict_table` takes tables.
    """

    network: Network
    parameters: Mapping[str, Array]
    settings: Settings
    history: History = field(default_factory=History)
    encoding: Encoding | None = None
    made_with: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return (
            f"<Model {self.network}: {self.network.parameter_count} parameters, {len(self.history)} epochs>"
        )

    # --- using it -----------------------------------------------------------------------------------

    @cached_property
    def _feedforward(self) -> Derivation:
        return derive(self.network.without_dropout())

    @cached_property
    def _evaluators(self) -> Evaluators:
        return Evaluators(self._feedforward, self.settings.dtype)

    def outputs(self, X: Any) -> Array:
        """The network's outputs (N, O) as they are."""
        return self._evaluators.outputs(self.parameters, X)

    def row_predictor(self) -> Callable[[Any], Array]:
        """A function from one encoded row (I,) to the outputs (O,) in microseconds, by the compiled engine.

        It checks the row's length only, and raises ShapeMismatch for another. It belongs to the thread that made
        it; make one for each thread.
        """
        evaluator = find_engine("compiled").evaluator(self._feedforward, dtype=self.settings.dtype)
        return evaluator.single(self.parameters)

    def sparse_row_predictor(self) -> Callable[[Any, Any], Array]:
        """The same for a sparse row: a function from its entries' columns and values to the outputs (O,).

        Raises InvalidInput for a column that the network does not have.
        """
        evaluator: Any = find_engine("compiled").evaluator(self._feedforward, dtype=self.settings.dtype)
        if not hasattr(evaluator, "single_sparse"):
            raise ConfigError("the compiled engine has no code for this network: use predict")
        predict: Callable[[Any, Any], Array] = evaluator.single_sparse(self.parameters)
        return predict

    @property
    def classifies(self) -> bool:
        """True where the loss is over classes, or over 0 and 1."""
        return self.settings.loss.targets != "numbers" or isinstance(self._target, ClassTarget)

    def predict(self, X: Any) -> Array:
        """Predictions for X.

        X as an array (N, I) of the network's own inputs: class numbers (N,) for a classifier (0 or 1 per
        output with several sigmoid outputs), otherwise the outputs, (N,) where there is one. For a model
        trained on a table, X may also be a table (a file, a data frame, a Table); see `predict_table`.
        """
        return self.predict_table(X) if self._takes_table(X) else self.decide(self.outputs(X))

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class, (N, K), for X as in `predict`.

        Raises ConfigError for a model that predicts numbers.
        """
        return self.probabilities_table(X) if self._takes_table(X) else self._probabilities(self.outputs(X))

    def predict_table(self, source: Any) -> Array:
        """Predictions for the rows of a table: labels as written in the training table, or numbers in the
        target's own units. The table is a file, a data frame, the name of an embedded set or a `Table`.
        """
        encoding, table = self._need_encoding(), open_table(source)
        decided = self.decide(self.outputs(encoding.features(table, dtype=self.dtype)))
        if isinstance(encoding.target, ClassTarget):
            return encoding.labels(decided)
        return encoding.original(decided)

    def probabilities_table(self, source: Any) -> Array:
        """The probability of each class for the rows of a table, (N, K) in the order of `classes`."""
        features = self._need_encoding().features(open_table(source), dtype=self.dtype)
        return self._probabilities(self.outputs(features))

    def evaluate(self, X: Any, y: Any = None, sample_weight: Any = None) -> dict[str, float]:
        """The loss and the measures that belong to the task, on X (N, I) and y, or on a table that has both."""
        if self._takes_table(X):
            return self.measures(self.encode(open_table(X), match_labels=True))
        inputs = check_inputs(X, self.network)
        check_range("X", inputs, self.settings.dtype)
        targets = check_targets(y, len(inputs), self.network, self.settings.loss)
        return self.measures(Data(inputs, targets, check_weights(sample_weight, len(inputs))))

    def encode(self, table: Table, *, match_labels: bool = False) -> Data:
        """The rows of a table as the network takes them; `match_labels` takes "<=50K." for "<=50K"."""
        encoding, outputs = self._need_encoding(), self.network.outputs
        X = encoding.features(table, dtype=self.dtype)
        y = encoding.targets(table, unseen_labels="match" if match_labels else "error").reshape(-1, 1)
        if isinstance(encoding.target, NumberTarget) or self.settings.loss.targets == "classes":
            return Data(X, y)
        return Data(X, np.eye(outputs)[y[:, 0]] if outputs > 1 else y.astype(np.float64))

    def measures(self, data: Data) -> dict[str, float]:
        """The loss, every class counting alike, and the measures of prepared data, in the target's own units.

        Log loss is that of the outputs as they are: where a float32 probability is rounded to 0 or 1, the loss,
        which comes from the weighted sums, is the better figure.
        """
        return self.measured(data)[1]

    def measured(self, data: Data) -> tuple[Array, dict[str, float]]:
        """The outputs (N, O) for prepared data, and their measures; see `measures`."""
        engine = choose_forward_engine(self.network, len(data.X))
        derivation = derive(
            self.network.without_dropout(),
            self.settings.loss,
            integer_targets=data.y.dtype.kind in "iu" and self.settings.loss.targets == "classes",
            sample_weights=data.weights is not None,
            fused=self.settings.fused,
        )
        outputs, loss = engine.forward(derivation, self.parameters, data, dtype=self.settings.dtype)
        assert loss is not None
        return outputs, {"loss": loss, **self.score(outputs, data.y)}

    def score(self, outputs: Array, y: Array) -> dict[str, float]:
        """The task's measures of outputs (N, O) against prepared targets.

        Classes: accuracy, and log loss where the outputs are probabilities. Several labels a row: the accuracy
        is per label, the fraction of the N · O labels that are right. Numbers: RMSE and MAE over all N · O
        entries, and R² of each output, averaged over the outputs (scikit-learn's uniform average).
        """
        classes = class_numbers(y)
        if self.classifies and classes is not None and self._one_of_many:
            values = {"y": classes.reshape(-1, 1), "y_hat": self.decide(outputs).reshape(-1, 1)}
            if not self._are_probabilities:
                return {"accuracy": _value("accuracy", values)}
            probabilities = self._probabilities(outputs).astype(np.float64)
            truth = np.eye(probabilities.shape[1])[classes]
            return _measured("classify", {**values, "Y": truth, "P": probabilities})
        if self.classifies:
            values = {"y": y.reshape(-1, 1) >= 0.5, "y_hat": outputs.reshape(-1, 1) >= 0.5}
            return {"accuracy": _value("accuracy", values)}
        scale = self._target.scale if isinstance(self._target, NumberTarget) else 1.0
        shift = self._target.mean if isinstance(self._target, NumberTarget) else 0.0
        truth, predicted = (
            a.astype(np.float64).reshape(-1, self.network.outputs) * scale + shift for a in (y, outputs)
        )
        found = _measured("regress", {"y": truth.reshape(-1, 1), "y_hat": predicted.reshape(-1, 1)})
        columns = [{"y": truth[:, [k]], "y_hat": predicted[:, [k]]} for k in range(self.network.outputs)]
        return {**found, "r2": float(np.mean([_value("r2", values) for values in columns]))}

    # --- what it is ---------------------------------------------------------------------------------

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of its numbers."""
        return np.dtype(self.settings.dtype)

    @property
    def _target(self) -> ClassTarget | NumberTarget | None:
        return self.encoding.target if self.encoding is not None else None

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The class labels in the order of the outputs, for a model trained on a table."""
        return self._target.classes if isinstance(self._target, ClassTarget) else None

    @property
    def _one_of_many(self) -> bool:
        """True where exactly one class is right (an output for each class, or one between two)."""
        over_classes = self.settings.loss.targets == "classes" or isinstance(self._target, ClassTarget)
        return self.network.outputs == 1 or over_classes

    @property
    def _are_probabilities(self) -> bool:
        """True where the outputs are those of a softmax, or of sigmoids."""
        output = self.network.dense[-1].activation.name
        return output == "softmax" or (
            output == "sigmoid" and (self.network.outputs == 1 or not self._one_of_many)
        )

    @property
    def digest(self) -> str:
        """SHA-256 of all parameters: equal for runs that ended in the same bits."""
        hashed = hashlib.sha256()
        for name in sorted(self.parameters):
            hashed.update(name.encode())
            hashed.update(np.ascontiguousarray(self.parameters[name]).tobytes())
        return hashed.hexdigest()

    def training_derivation(self) -> Derivation:
        """The training step it was made with, as lines."""
        s = self.settings
        weights = s.class_weight if isinstance(s.class_weight, tuple) else None
        return derive(
            self.network,
            s.loss,
            s.rule,
            l2=s.l2,
            clip_norm=s.clip_norm,
            clip_value=s.clip_value,
            class_weights=weights,
            integer_targets=s.loss.targets == "classes",
            fused=s.fused,
        )

    def decide(self, outputs: Array) -> Array:
        """What `predict` makes of outputs (N, O): class numbers (N,), a 0 or 1 an output, or numbers."""
        if not self.classifies:
            return outputs[:, 0] if outputs.shape[1] == 1 else outputs
        if self._one_of_many and outputs.shape[1] > 1:
            return np.asarray(outputs.argmax(axis=1))
        above = (outputs >= 0.5).astype(np.int64)
        return above[:, 0] if above.shape[1] == 1 else above

    def _probabilities(self, outputs: Array) -> Array:
        if not self.classifies:
            raise ConfigError("the model predicts numbers, so it has no probabilities: use predict")
        if not self._are_probabilities:
            raise ConfigError("the model's outputs are no probabilities: give it softmax or sigmoid outputs")
        if outputs.shape[1] == 1:
            return np.hstack([1 - outputs, outputs])
        return outputs

    def _takes_table(self, X: Any) -> bool:
        return self.encoding is not None and not (isinstance(X, (np.ndarray, list, tuple)) or is_sparse(X))

    def _need_encoding(self) -> Encoding:
        if self.encoding is None:
            raise ConfigError(
                "the model was trained on arrays, so it cannot read tables: give it an array (N, I)"
            )
        return self.encoding

    # --- files --------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model file, in one step. Raises CannotWrite."""
        write_tensors(checked_path(path), self.parameters, self.header(), kind=KIND)

    def header(self) -> dict[str, Any]:
        """Everything but the numbers, as JSON values."""
        return {
            "network": self.network.without_values().to_json(),
            "settings": self.settings.to_json(),
            "history": self.history.to_json(),
            "encoding": self.encoding.to_json() if self.encoding is not None else None,
            "made_with": dict(self.made_with),
        }

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Model:
        """Read a model file. Raises ModelFileError for one that is broken, altered or of another version."""
        tensors, header = read_tensors(checked_path(path), kind=KIND)
        return cls.from_parts(tensors, header, path)

    @classmethod
    def from_parts(cls, tensors: Mapping[str, Array], header: Mapping[str, Any], path: Any) -> Model:
        """The model of a header and its numbers, checked against each other."""
        try:
            network = Network.from_json(header["network"])
            settings = Settings.from_json(header["settings"])
            history = History.from_json(header["history"])
            encoding = None if header["encoding"] is None else Encoding.from_json(header["encoding"])
            made_with = dict(header["made_with"])
            _check_fit(network, settings, encoding)
            model = cls(network, dict(tensors), settings, history, encoding, made_with)
            model.training_derivation()
        except ModelFileError:
            raise
        except (ChainruleError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelFileError(
                f"cannot use {quoted(path)}: {error} (register activations, losses and rules of your own before "
                "loading)"
            ) from None
        shapes = {p.name: p.shape for p in network.parameters}
        found = {name: tensor.shape for name, tensor in tensors.items()}
        if shapes != found or any(t.dtype != np.dtype(settings.dtype) for t in tensors.values()):
            raise ModelFileError(
                f"cannot use {quoted(path)}: its numbers are not those of its network: train the model again"
            )
        if (name := first_not_finite(tensors)) is not None:
            raise ModelFileError(
                f"cannot use {quoted(path)}: {name} holds a number that is not finite: train the model again"
            )
        return model


def first_not_finite(arrays: Mapping[str, Array]) -> str | None:
    """The name of the first array that holds a NaN or an infinity."""
    return next((name for name, array in arrays.items() if not np.isfinite(array).all()), None)


def _measured(task: str, values: Mapping[str, Array]) -> dict[str, float]:
    return {name: _value(name, values) for name, measure in MEASURES.items() if measure.task == task}


def _value(name: str, values: Mapping[str, Array]) -> float:
    return float(evaluate_arrays(MEASURES[name].value.tree, values))


def _check_fit(network: Network, settings: Settings, encoding: Encoding | None) -> None:
    """Raise ConfigError for a loss or an encoding of other columns or classes than the network has."""
    if settings.loss.targets == "classes" and network.outputs == 1:
        raise ConfigError(f"its loss, {settings.loss.name}, needs an output for each class, but it has one")
    if encoding is None:
        return
    if encoding.inputs != network.inputs:
        raise ConfigError(
            f"its encoding gives {encoding.inputs} inputs, but its network takes {network.inputs}"
        )
    target, outputs = encoding.target, network.outputs
    if isinstance(target, NumberTarget) and outputs != 1:
        raise ConfigError(f"its target is one number, but its network has {outputs} outputs")
    if isinstance(target, ClassTarget) and outputs not in (len(target.classes), target.outputs):
        raise ConfigError(f"it has {len(target.classes)} classes, but its network has {outputs} outputs")
