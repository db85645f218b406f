"""What every test shares: bounded hypothesis profiles, one thread a worker, refusals, the data folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import settings

from chainrule.errors import ChainruleError

# Set before NumPy or PyTorch loads: the workers already fill the cores.
if "PYTEST_XDIST_WORKER" in os.environ:
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")

settings.register_profile("quick", derandomize=True, deadline=None, max_examples=20)
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=50)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))


@pytest.fixture(scope="session", autouse=True)
def code_folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Machine code is kept in a folder of this session, which its workers share."""
    if "CHAINRULE_CACHE" not in os.environ:
        folder = tmp_path_factory.getbasetemp()
        shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
        os.environ["CHAINRULE_CACHE"] = str(shared / "code")


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data sets that CHAINRULE_DATA names."""
    named = os.environ.get("CHAINRULE_DATA")
    if not named:
        pytest.skip("CHAINRULE_DATA is not set: set it to the folder of data sets to run this test")
    folder = Path(named)
    if not folder.is_dir():
        pytest.fail(f"CHAINRULE_DATA={named} is not a folder: correct it, or unset it to skip these tests")
    return folder


@pytest.fixture
def told() -> Callable[[type[ChainruleError], Callable[[], object]], str]:
    """The one sentence of an error of exactly this class, with which an action is refused."""

    def refused(kind: type[ChainruleError], action: Callable[[], object]) -> str:
        with pytest.raises(kind) as caught:
            action()
        assert type(caught.value) is kind
        message = str(caught.value)
        assert "\n" not in message
        return message

    return refused


@pytest.fixture(scope="session")
def torch() -> ModuleType:
    """PyTorch on one thread, for tests that use it as the outside oracle."""
    module = import_module("torch")
    module.set_num_threads(1)
    return module
