"""The public face of the package: its names are a list, and each is loaded when it is first used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import chainrule

NAMES = [
    "ACTIVATIONS", "AdaDelta", "AdaGrad", "Adam", "AdamW", "CannotWrite", "ChainruleError", "ConfigError",
    "Dense", "Derivation", "Divergence", "Dropout", "Encoding", "EpochRecord", "GradientCheck",
    "GradientDescent", "History", "INITIALISERS", "InvalidInput", "LOSSES", "LazyAdam", "Line",
    "MEASURES", "MissingDependency", "Model", "ModelFileError", "Momentum", "Nesterov", "Network",
    "NumpyEngine", "Perceptron", "RMSProp", "RULES", "Replayed", "Run", "SCHEDULES", "Settings", "ShapeMismatch",
    "Table", "TableError", "TableRun", "UnknownName", "Working", "activation", "check_gradients", "derive",
    "initialiser", "jacobian", "load_dataset", "load_example", "loss", "measure", "read_table", "rule", "schedule",
    "table_from", "train", "train_perceptron", "train_table", "words", "work",
]  # fmt: skip


def test_the_public_names_are_these() -> None:
    assert sorted(chainrule.__all__) == NAMES


def test_dir_lists_the_public_names() -> None:
    assert set(NAMES) <= set(dir(chainrule))


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_is_there_and_documented(name: str) -> None:
    found = getattr(chainrule, name)
    assert found.__doc__
    assert f" as {name}\n" in Path(chainrule.__file__).with_suffix(".pyi").read_text()


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="trane"):
        chainrule.trane  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(ImportError):
        exec("from chainrule import trane")


def test_the_version_is_that_of_the_installed_package() -> None:
    from importlib.metadata import version

    assert chainrule.__version__ == version("chainrule")


def test_every_exception_is_public_and_a_chainrule_error() -> None:
    from chainrule import errors

    exceptions = [name for name in errors.__all__ if isinstance(getattr(errors, name), type)]
    assert set(exceptions) <= set(NAMES)
    assert all(issubclass(getattr(chainrule, name), chainrule.ChainruleError) for name in exceptions)


def test_a_name_loads_only_what_it_needs() -> None:
    code = (
        "import sys, chainrule\n"
        "assert not any(name.startswith('chainrule.') for name in sys.modules), sorted(sys.modules)\n"
        "chainrule.Dense\n"
        "assert 'chainrule.derivation' in sys.modules\n"
        "assert not {'numpy', 'chainrule.learning'} & set(sys.modules)\n"
        "assert chainrule.train is chainrule.learning.training.train\n"
        "assert not {'sklearn', 'duckdb', 'torch', 'numba', 'pandas'} & set(sys.modules)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
