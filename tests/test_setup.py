"""The set-up: what is imported when, which way imports go, and what is committed."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import chainrule

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "chainrule"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

HEAVY = {"duckdb", "narwhals", "numba", "numpy", "pydantic", "rich", "scipy", "sklearn", "torch"}
MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:root|home|Users|work|opt)/\w|\b[A-Z]:\\Users\\")
NOT_SOURCE = re.compile(
    r"""\.min\.js$ | \.(woff2?|ttf|otf|eot)$
    | \.(csv|tsv|jsonl|parquet|arrow|npy|npz|pkl|pt|onnx|safetensors|db|sqlite|idx\d?-ubyte)$
    | \.(gz|bz2|xz|zst|zip|tar|whl|so|dll)$
    | (^|/)(node_modules|vendor|vendored|third_party)/""",
    re.VERBOSE | re.IGNORECASE,
)
LARGEST_SOURCE = 100_000


def loaded_by(code: str) -> set[str]:
    """The heavy packages that a fresh Python has loaded after `code`."""
    report = f"{code}\nimport sys\nprint(*sorted({HEAVY!r} & sys.modules.keys()), file=sys.stderr)"
    ran = subprocess.run([sys.executable, "-c", report], capture_output=True, text=True, check=True)
    return set(ran.stderr.split())


def test_import_chainrule_loads_nothing_heavy() -> None:
    assert loaded_by("import chainrule") == set()


def test_help_loads_nothing_heavy() -> None:
    as_command = """
import runpy, sys
sys.argv = ["chainrule", "--help"]
try:
    runpy.run_module("chainrule", run_name="__main__", alter_sys=True)
except SystemExit as end:
    assert not end.code, end.code
"""
    assert loaded_by(as_command) == set()


def test_a_heavy_import_is_noticed() -> None:
    assert "numpy" in loaded_by("import chainrule, numpy")


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    run = "from importlinter.cli import lint_imports_command as run; run()"
    command = [sys.executable, "-c", run, "--no-cache", "--no-logo"]
    environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def copy_of_the_package(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    shutil.copytree(SOURCE, tmp_path / "src" / "chainrule", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_import_contract_holds(copy_of_the_package: Path) -> None:
    ran = lint_imports(copy_of_the_package)
    assert ran.returncode == 0, ran.stdout


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("errors.py", "import chainrule.cli", "imports only go down"),
        ("formulas/__init__.py", "import chainrule.engines", "imports only go down"),
        ("derivation/__init__.py", "import numpy", "standard library only"),
    ],
)
def test_the_import_contract_catches(copy_of_the_package: Path, module: str, line: str, broken: str) -> None:
    with (copy_of_the_package / "src" / "chainrule" / module).open("a") as file:
        file.write(f"\n{line}\n")
    ran = lint_imports(copy_of_the_package)
    assert ran.returncode == 1
    assert re.search(rf"{broken}\s+BROKEN", ran.stdout), ran.stdout


def imported_packages(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(str(node.module).partition(".")[0])
    return found


def test_the_mathematics_imports_the_standard_library_only() -> None:
    floors = [SOURCE / "formulas", SOURCE / "derivation"]
    files = [SOURCE / "errors.py", *(file for floor in floors for file in floor.rglob("*.py"))]
    allowed = sys.stdlib_module_names | {"chainrule"}
    strangers = {file.relative_to(SOURCE): imported_packages(file) - allowed for file in files}
    assert {file: names for file, names in strangers.items() if names} == {}


def machine_paths(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if MACHINE_PATH.search(line)]


def test_no_source_file_names_a_path_of_a_machine() -> None:
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "bench").glob("*.py"), *ROOT.glob("*.md")]
    found = {str(file.relative_to(ROOT)): machine_paths(file.read_text()) for file in files}
    assert {file: lines for file, lines in found.items() if lines} == {}


@pytest.mark.parametrize("path", ["/home/ann/iris.csv", '"/' + 'root/x"', r"C:\Users\ann"])
def test_a_path_of_a_machine_is_noticed(path: str) -> None:
    assert machine_paths(f"first line\nread({path})")


def test_the_version_is_stated_alike_in_pyproject_and_package() -> None:
    assert chainrule.__version__ == PROJECT["project"]["version"]


def test_the_classifiers_name_the_pythons_that_are_required() -> None:
    bounds = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PROJECT["project"]["requires-python"])
    assert bounds
    first, end = map(int, bounds.groups())
    stated = re.findall(r"Python :: 3\.(\d+)", "\n".join(PROJECT["project"]["classifiers"]))
    assert [int(minor) for minor in stated] == list(range(first, end))


def test_contributing_fits_on_a_page() -> None:
    assert len((ROOT / "CONTRIBUTING.md").read_text().splitlines()) <= 60


def test_no_vendored_code_font_or_data_is_committed() -> None:
    ran = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    tracked = [ROOT / name for name in ran.stdout.split("\0") if name]
    if not tracked:
        pytest.skip("git tracks no file here, so there is nothing committed to look at")
    present = [file for file in tracked if file.is_file()]
    refused = {file.relative_to(ROOT).as_posix() for file in present if file.stat().st_size > LARGEST_SOURCE}
    refused |= {name for file in present if NOT_SOURCE.search(name := file.relative_to(ROOT).as_posix())}
    assert refused == set()


@pytest.mark.parametrize(
    "name", ["src/studio/d3.min.js", "a/font.WOFF2", "tests/iris.csv", "vendor/x.py", "mnist.gz"]
)
def test_a_file_that_is_not_source_is_noticed(name: str) -> None:
    assert NOT_SOURCE.search(name)
