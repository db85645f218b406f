"""`kill -9` at random moments of a run: resumed, it ends in the same bits as an unbroken one."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROUNDS = {"numpy": 17, "compiled": 6}
COMMAND_ROUNDS = 3
ENVIRONMENT = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


Played = tuple[list[dict[str, Any]], Path, int]


@pytest.fixture(scope="module", params=ROUNDS)
def rounds(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """What the rounds of kill_rounds.py told, the folder that they left, and how many they were."""
    count = ROUNDS[request.param]
    folder = tmp_path_factory.mktemp("killed")
    script = Path(__file__).with_name("kill_rounds.py")
    ran = subprocess.run(
        [sys.executable, str(script), str(folder), str(count), "1", request.param],
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
        check=True,
    )
    return [json.loads(line) for line in ran.stdout.splitlines()], folder, count


def test_killed_runs_end_in_the_same_bits(rounds: Played) -> None:
    told, _, count = rounds
    assert len(told) == count
    for number, played in enumerate(told):
        for part in ("digest", "losses"):
            assert played["resumed"][part] == played["unbroken"][part], (number, part)
    assert len({played["resumed"]["digest"] for played in told}) == count
    # A fast run may end before it is killed.
    assert sum(played["kills"] >= 1 for played in told) > count / 2


def test_most_of_them_had_a_checkpoint_to_resume_from(rounds: Played) -> None:
    told, _, count = rounds
    resumed = [played for played in told if played["resumed"]["notes"]]
    assert len(resumed) > count / 2
    assert any("batch 0" not in played["resumed"]["notes"][-1] for played in resumed)


def test_what_a_kill_leaves_is_little(rounds: Played) -> None:
    told, folder, count = rounds
    left = list(folder.glob(".chainrule-*.tmp"))
    assert len(left) <= sum(played["kills"] for played in told)
    assert {file.name for file in folder.iterdir() if file not in left} <= {
        f"checkpoint-{1 + number}" for number in range(count)
    }


# --- the command --------------------------------------------------------------------------------------


def command(folder: Path, out: str) -> list[str]:
    choices = ["--target", "y", "--layers", "16,8", "--epochs", "30", "--batch", "2", "--dropout", "0.1"]
    choices += ["--validation", "0.2", "--schedule", "cosine", "--rule", "momentum", "--rate", "0.01"]
    choices += ["--out", str(folder / out), "--checkpoint-every", "0.01s", "--resume", "--json"]
    return [sys.executable, "-m", "chainrule", "train", str(folder / "table.csv"), *choices]


def started(folder: Path, out: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command(folder, out), stdout=subprocess.PIPE, env=ENVIRONMENT)


def finished(folder: Path, out: str) -> dict[str, Any]:
    ran = subprocess.run(command(folder, out), capture_output=True, env=ENVIRONMENT, check=True)
    told: dict[str, Any] = json.loads(ran.stdout)
    return told


def changed(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


def kill_after_checkpoints(running: subprocess.Popen[bytes], path: Path, rng: random.Random) -> int:
    """Kill the command some milliseconds after a random checkpoint; its exit code."""
    seen, last = 0, 0
    wanted = rng.randint(1, 8)
    while seen < wanted and running.poll() is None:
        try:
            running.wait(0.002)
        except subprocess.TimeoutExpired:
            seen, last = seen + (changed(path) != last), changed(path)
    try:
        running.wait(rng.uniform(0, 0.05))
    except subprocess.TimeoutExpired:
        running.kill()
    with running:
        return running.wait()


def test_the_killed_command_ends_in_the_same_bits(tmp_path: Path) -> None:
    rng, numbers = random.Random(1), np.random.default_rng(2)
    X = numbers.normal(size=(200, 3))
    y = np.where(X[:, 0] + X[:, 1] ** 2 > 0.5, "yes", "no")
    rows = [",".join([*(f"{v:.6f}" for v in row), label]) for row, label in zip(X, y, strict=True)]
    (tmp_path / "table.csv").write_text("\n".join(["a,b,c,y", *rows]) + "\n")
    unbroken = finished(tmp_path, "unbroken")
    for number in range(COMMAND_ROUNDS):
        out = f"model-{number}"
        code = kill_after_checkpoints(started(tmp_path, out), tmp_path / f"{out}.checkpoint", rng)
        assert code == -signal.SIGKILL
        resumed = finished(tmp_path, out)
        assert resumed["digest"] == unbroken["digest"]
        assert resumed["test"] == unbroken["test"]
        assert resumed["validation"] == unbroken["validation"]
        assert [note for note in resumed["notes"] if note.startswith("resumed after")]
        assert not (tmp_path / f"{out}.checkpoint").exists()
