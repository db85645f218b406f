"""`chainrule train`: what each option does, what is printed, and that it agrees with the model on disk."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import folders
import pytest
from bad_files import GAPS, GOOD, IMAGES, LABELS, idx, row
from commandline import Ran, chainrule

from chainrule.learning.model import Model
from chainrule.learning.tables import read_table

ready, here = folders.ready, folders.here

GOOD_RUN = ("good.csv", "--target", "kind", "--layers", "3", "--epochs", "2")
NUMBER_RUN = ("numbers.csv", "--target", "y", "--layers", "3", "--epochs", "2")


def train(*arguments: str) -> dict[str, Any]:
    """The JSON object that a training run prints."""
    ran = chainrule("train", *arguments, "--json")
    assert (ran.code, ran.err) == (0, ""), ran
    made: dict[str, Any] = json.loads(ran.out)
    return made


def settings(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = train(*GOOD_RUN, *arguments)["settings"]
    return found


# --- what is printed ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments", [GOOD_RUN, NUMBER_RUN, (*GOOD_RUN, "--test", "0.25", "--validation", "0.2")]
)
def test_the_text_tells_the_data_the_network_and_the_result_in_80_columns(
    arguments: tuple[str, ...], here: Path
) -> None:
    ran = chainrule("train", *arguments)
    assert (ran.code, ran.err) == (0, "")
    titles = [line.split()[0] for line in ran.out.splitlines() if line and not line.startswith(" ")]
    assert titles[:2] == ["Data", "Network"]
    assert "Result   2 epochs in " in ran.out
    assert "all 2 epochs are done" in ran.out
    assert "The model is in model.safetensors. Next, for example:" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80


def test_the_text_shows_rows_parameters_measures_and_confusion_matrix(here: Path) -> None:
    out = chainrule("train", *GOOD_RUN, "--test", "0.25").out
    assert "rows     18 train, 6 test" in out
    assert "4 inputs → 3 relu → 1 sigmoid: 19 parameters" in out
    assert "Confusion matrix, test rows: true classes down, predicted ones across" in out
    assert "accuracy" in out
    assert "loss  " in out


def test_many_columns_are_not_all_listed(here: Path) -> None:
    out = chainrule("train", "wine", "--layers", "2", "--epochs", "1").out
    assert "… and 5 more columns" in out


def test_a_single_epoch_is_one_epoch(here: Path) -> None:
    assert "Result   1 epoch in " in chainrule("train", *GOOD_RUN, "--epochs", "1").out


def test_json_has_every_figure_of_the_model_on_disk(here: Path) -> None:
    made = train(*GOOD_RUN, "--test", "0.25", "--validation", "0.2")
    model = Model.load("model.safetensors")
    assert made["rows"] == {"train": 14, "validation": 4, "test": 6}
    assert made["digest"] == model.digest
    assert made["parameters"] == model.network.parameter_count == 19
    assert made["classes"] == ["no", "yes"]
    assert made["settings"] == json.loads(json.dumps(model.settings.to_json()))
    assert made["model"] == str(here / "model.safetensors")
    assert (made["epochs"], made["best_epoch"], made["stopped"]) == (2, 2, "all 2 epochs are done")
    assert made["interrupted"] is False
    assert made["seconds"] > 0
    for part in ("train", "validation", "test"):
        assert {"loss", "accuracy", "log_loss", "precision", "recall", "f1", "confusion", "by_class"} == set(
            made[part]
        )
        assert sum(map(sum, made[part]["confusion"])) == made["rows"][part]
        assert sum(each["rows"] for each in made[part]["by_class"].values()) == made["rows"][part]


def test_json_figures_of_the_training_rows_are_the_models_own(here: Path) -> None:
    made = train(*GOOD_RUN)
    model, table = Model.load("model.safetensors"), read_table("good.csv")
    right = (model.predict_table(table) == table.texts("kind")).mean()
    assert made["train"]["accuracy"] == pytest.approx(right, abs=1e-12)
    assert made["train"]["loss"] == pytest.approx(model.measures(model.encode(table))["loss"], abs=1e-12)
    assert made["validation"] is made["test"] is None


def test_json_of_a_number_has_its_measures_in_the_targets_units(here: Path) -> None:
    made = train(*NUMBER_RUN)
    table = read_table("numbers.csv")
    errors = Model.load("model.safetensors").predict_table(table) - table.numbers("y")
    assert set(made["train"]) == {"loss", "rmse", "mae", "r2"}
    assert made["train"]["rmse"] == pytest.approx((errors**2).mean() ** 0.5, rel=1e-6)
    assert made["classes"] is None


# --- data -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["kind", "4", "-1"])
def test_the_target_is_named_or_numbered(target: str, here: Path) -> None:
    made = train("good.csv", f"--target={target}", "--layers", "3", "--epochs", "2")
    assert made["classes"] == ["no", "yes"]
    assert made["digest"] == train(*GOOD_RUN)["digest"]


def test_an_embedded_set_knows_its_target(here: Path) -> None:
    assert train("iris", "--layers", "3", "--epochs", "1", "--test", "0.2")["rows"] == {
        "train": 120,
        "test": 30,
    }


def test_a_test_file_gives_what_evaluate_gives_for_it(here: Path) -> None:
    Path("held.csv").write_text(row(5, "9,1,Bern,no"))
    made = train(*GOOD_RUN, "--test", "held.csv")
    ran = chainrule("evaluate", "model.safetensors", "held.csv", "--json")
    found = json.loads(ran.out)
    assert made["rows"]["test"] == found.pop("rows") == 24
    assert found.pop("notes") == []
    assert made["test"] == found


def test_a_label_spelled_otherwise_in_the_test_file_is_noted(here: Path) -> None:
    Path("held.csv").write_text(row(3, "9,1,Bern,no."))
    notes = train(*GOOD_RUN, "--test", "held.csv")["notes"]
    assert notes == ['held.csv: the label "no." is read as "no", as training spelled it (1 row)']


def test_whole_numbers_taken_for_classes_are_noted(here: Path) -> None:
    run = ("good.csv", "--target", "x2", "--layers", "3", "--epochs", "1")
    made = train(*run)
    assert made["classes"] == ["0", "1", "2", "4"]
    assert made["notes"] == [
        'the target "x2" has 4 whole-number values: treated as classes (use --task regress for numbers)'
    ]
    made = train(*run, "--task", "regress")
    assert (made["classes"], made["notes"]) == (None, [])


def test_a_file_without_a_header_is_read_as_said(here: Path) -> None:
    Path("e.csv").write_text("7,8,9.5\n1,2,1.5\n2,3,2.5\n3,5,3.5\n")
    run = ("e.csv", "--target=-1", "--layers", "none", "--epochs", "1")
    assert train(*run, "--no-header")["rows"]["train"] == 4
    assert train(*run, "--header")["rows"]["train"] == 3


def test_a_delimiter_can_be_given(here: Path) -> None:
    Path("e.txt").write_text(GOOD.replace(",", "|"))
    assert train("e.txt", *GOOD_RUN[1:], "--delimiter", "|")["digest"] == train(*GOOD_RUN)["digest"]


def test_a_query_chooses_rows(here: Path) -> None:
    assert train(*GOOD_RUN, "--sql", "select * from data where x1 <= 10")["rows"] == {"train": 10}


def test_a_query_is_asked_of_the_test_file_too(here: Path) -> None:
    Path("more.csv").write_text(GOOD)
    query = "select *, x1 + x2 as sum from data where x1 <= 10"
    made = train(*GOOD_RUN, "--sql", query, "--test", "more.csv")
    assert made["rows"] == {"train": 10, "test": 10}
    assert made["test"] == made["train"]


def test_columns_can_be_dropped(here: Path) -> None:
    made = train(*GOOD_RUN, "--drop", "city", "--drop", "x2")
    assert made["network"] == "1 input → 3 relu → 1 sigmoid"


def test_rows_with_missing_values_are_dropped_and_counted(here: Path) -> None:
    Path("e.csv").write_text(GAPS + "5,5,0\n6,6,1\n")
    made = train("e.csv", "--target", "y", "--layers", "none", "--epochs", "1", "--missing", "drop")
    assert made["rows"] == {"train": 2}
    assert made["notes"][0] == "4 of 6 rows with a missing value were left out"


@pytest.mark.parametrize("how", ["mean", "mode"])
def test_missing_values_are_filled(how: str, here: Path) -> None:
    Path("e.csv").write_text(GAPS)
    made = train("e.csv", "--target", "y", "--layers", "none", "--epochs", "1", "--missing", how)
    assert made["rows"] == {"train": 4}


@pytest.mark.parametrize("named", ["train-images-idx3-ubyte", "images"])
def test_idx_files_are_read_by_name_or_folder(named: str, here: Path) -> None:
    folder = here / "images"
    folder.mkdir()
    pixels = bytes(range(0, 128, 16))
    (folder / "train-images-idx3-ubyte").write_bytes(idx(IMAGES, pixels))
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(LABELS, b"\3\7"))
    made = train(str(folder / named if named != "images" else folder), "--layers", "none", "--epochs", "1")
    assert made["network"] == "4 inputs → 1 sigmoid"
    assert made["classes"] == ["3", "7"]


# --- choices --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "name", "value"),
    [
        (("--loss", "mse"), "loss", "mse"),
        (("--rule", "momentum", "--rate", "0.25"), "rule", "momentum(learning_rate=0.25, mu=0.9)"),
        (("--schedule", "cosine"), "schedules", ["cosine(least=0.0)"]),
        (("--epochs", "3"), "epochs", 3),
        (("--batch", "7"), "batch", 7),
        (("--validation", "0.25"), "validation", 0.25),
        (("--patience", "4"), "patience", 4),
        (("--patience", "4"), "validation", 0.1),
        (("--improvement", "0.5"), "improvement", 0.5),
        (("--tolerance", "0.001"), "tolerance", 0.001),
        (("--l2", "0.01"), "l2", 0.01),
        (("--clip-norm", "1"), "clip_norm", 1.0),
        (("--clip-value", "1"), "clip_value", 1.0),
        (("--class-weight", "balanced"), "class_weight", [1.5, 0.75]),
        (("--class-weight", "1,2.5"), "class_weight", [1.0, 2.5]),
        (("--seed", "5"), "seed", 5),
        (("--dtype", "float64"), "dtype", "float64"),
        (("--no-shuffle",), "shuffle", False),
        (("--engine", "numpy"), "epochs", 2),
    ],
)
def test_an_option_is_kept_in_the_settings(
    option: tuple[str, ...], name: str, value: Any, here: Path
) -> None:
    assert settings(*option)[name] == value


@pytest.mark.parametrize(
    ("option", "network"),
    [
        (("--layers", "none"), "4 inputs → 1 sigmoid"),
        (("--layers", "5, 2"), "4 inputs → 5 relu → 2 relu → 1 sigmoid"),
        (("--layers", "5,2", "--activation", "tanh,sigmoid"), "4 inputs → 5 tanh → 2 sigmoid → 1 sigmoid"),
        (("--activation", "leaky_relu(alpha=0.2)"), "4 inputs → 3 leaky_relu → 1 sigmoid"),
        (("--dropout", "0.5"), "4 inputs → 3 relu → dropout 0.5 → 1 sigmoid"),
        (("--loss", "crossentropy"), "4 inputs → 3 relu → 2 softmax"),
    ],
)
def test_an_option_shapes_the_network(option: tuple[str, ...], network: str, here: Path) -> None:
    assert train(*GOOD_RUN, *option)["network"] == network


@pytest.mark.parametrize(
    "option",
    [("--seed", "1"), ("--rate", "0.1"), ("--batch", "5"), ("--l2", "0.5"), ("--class-weight", "9,1")],
)
def test_an_option_changes_what_is_learnt(option: tuple[str, ...], here: Path) -> None:
    assert train(*GOOD_RUN, *option)["digest"] != train(*GOOD_RUN)["digest"]


def test_the_same_command_gives_the_same_model(here: Path) -> None:
    assert train(*GOOD_RUN)["digest"] == train(*GOOD_RUN)["digest"] == Model.load("model.safetensors").digest


def test_patience_stops_early_and_restores_the_best(here: Path) -> None:
    made = train(*GOOD_RUN, "--epochs", "200", "--patience", "2", "--improvement", "10")
    assert (made["epochs"], made["best_epoch"]) == (3, 1)
    assert "has not improved for 2 epochs; the best, of epoch 1, is restored" in made["stopped"]


def test_options_go_before_the_run_file(here: Path) -> None:
    Path("run.toml").write_text(
        'target = "kind"\nlayers = [3]\nepochs = 7\nrate = 0.5\nrule = "sgd"\nbatch = 4\n'
    )
    made = train("good.csv", "--config", "run.toml", "--epochs", "2")
    kept = made["settings"]
    assert (kept["epochs"], kept["batch"], kept["rule"]) == (2, 4, "gradient_descent(learning_rate=0.5)")
    assert made["network"] == "4 inputs → 3 relu → 1 sigmoid"


@pytest.mark.parametrize(
    "text",
    [
        "target = -1\nlayers = 'none'\n",
        "target = 'kind'\nlayers = []\nactivation = 'tanh'\ntest = 0.25\n",
        "target = 4\nlayers = '3'\nactivation = ['tanh']\nclass_weight = [1, 2.5]\ndrop = ['city']\n",
        "target = 'kind'\nclass_weight = 'balanced'\ntest = 'more.csv'\nshuffle = false\nheader = true\n",
    ],
)
def test_a_run_file_takes_every_way_to_write_a_choice(text: str, here: Path) -> None:
    Path("run.toml").write_text(text)
    Path("more.csv").write_text(GOOD)
    assert train("good.csv", "--config", "run.toml", "--epochs", "1")["epochs"] == 1


# --- files ----------------------------------------------------------------------------------------------


def test_the_history_is_an_object_for_each_epoch(here: Path) -> None:
    train(*GOOD_RUN, "--validation", "0.2", "--history", "h.jsonl")
    lines = [json.loads(line) for line in Path("h.jsonl").read_text().splitlines()]
    records = Model.load("model.safetensors").history
    assert [line["epoch"] for line in lines] == [1, 2]
    assert [line["loss"] for line in lines] == list(records.losses)
    assert [line["validation_loss"] for line in lines] == list(records.validation_losses)


def test_the_model_goes_where_it_should_and_no_checkpoint_is_left(here: Path) -> None:
    old = Path("model.safetensors").read_bytes()
    train(*GOOD_RUN, "--out", "new.safetensors", "--checkpoint-every", "1")
    assert Model.load("new.safetensors").history[-1].epoch == 2
    assert Path("model.safetensors").read_bytes() == old
    assert not Path("new.safetensors.checkpoint").exists()


def test_resuming_ends_in_the_same_bits(here: Path) -> None:
    whole = train(*GOOD_RUN, "--epochs", "4")
    resumed = train(*GOOD_RUN, "--epochs", "4", "--out", "run.safetensors", "--resume")
    assert resumed["digest"] == whole["digest"]
    assert "resumed after epoch 2, batch 0" in resumed["notes"]
    assert not Path("run.safetensors.checkpoint").exists()


@pytest.mark.parametrize("shown", [(), ("--json",)])
def test_an_unfinished_run_is_not_written_over(shown: tuple[str, ...], here: Path) -> None:
    before = {path: path.read_bytes() for path in here.glob("*.*") if path.is_file()}
    ran = chainrule("train", *GOOD_RUN, "--out", "run.safetensors", *shown)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        'chainrule: there is an unfinished run in "run.safetensors.checkpoint": add --resume to go on, '
        "or delete it or give another --out to start anew\n"
    )
    assert {path: path.read_bytes() for path in here.glob("*.*") if path.is_file()} == before


def test_resuming_without_a_checkpoint_starts_anew_and_says_so(here: Path) -> None:
    made = train(*GOOD_RUN, "--resume")
    assert made["notes"] == ["there is no checkpoint to go on from: the run starts anew"]
    assert made["digest"] == train(*GOOD_RUN)["digest"]


PRESSING = """
import os, signal, sys
from contextlib import contextmanager
from chainrule.cli import main, progress
from chainrule.learning import loop

loop.SLICE = 0.0  # progress is told after every epoch

@contextmanager
def pressing(epochs, *, show):
    due = [3]

    def press(record):
        if record.epoch in due:
            due.clear()
            os.kill(os.getpid(), signal.SIGINT)

    yield press

progress.progress = pressing
sys.exit(main(sys.argv[1:]))
"""


def interrupted(*arguments: str) -> Ran:
    """A training run in a process of its own, in which Ctrl-C is pressed after epoch 3."""
    ran = subprocess.run(
        [sys.executable, "-c", PRESSING, "train", *arguments], capture_output=True, text=True, check=False
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)


def test_ctrl_c_saves_the_model_says_so_and_resume_goes_on(here: Path) -> None:
    run = (*GOOD_RUN, "--epochs", "6", "--out", "new.safetensors")
    ran = interrupted(*run)
    assert (ran.code, ran.err) == (130, "")
    assert "Result   3 epochs in " in ran.out
    assert "Ctrl-C, after epoch 3" in ran.out
    assert "The model is in new.safetensors." in ran.out
    assert "the same command with --resume goes on where this run stopped" in ran.out
    assert len(Model.load("new.safetensors").history) == 3
    assert train(*run, "--resume")["digest"] == train(*GOOD_RUN, "--epochs", "6")["digest"]


def test_ctrl_c_in_json_is_one_object(here: Path) -> None:
    ran = interrupted(*GOOD_RUN, "--epochs", "6", "--json")
    assert (ran.code, ran.err) == (130, "")
    made = json.loads(ran.out)
    assert (made["interrupted"], made["epochs"]) == (True, 3)
    assert made["digest"] == Model.load("model.safetensors").digest


def test_ctrl_c_before_training_keeps_the_old_model(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def press(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    old = Path("model.safetensors").read_bytes()
    monkeypatch.setattr("chainrule.learning.tasks.prepare", press)
    assert chainrule("train", *GOOD_RUN) == Ran(130, "", "chainrule: stopped by Ctrl-C\n")
    assert Path("model.safetensors").read_bytes() == old


def test_the_help_tells_of_ctrl_c() -> None:
    told = " ".join(chainrule("train", "--help").out.split())
    assert "Ctrl-C stops after the batch" in told
    assert "the exit code is 130" in told
