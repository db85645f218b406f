"""Models that cannot be used as asked, and runs that cannot be."""

from __future__ import annotations

from bad_files import GOOD, Wrong, flipped, row

USES: list[Wrong] = [
    Wrong("predict model.safetensors nowhere.csv", "there is no file nowhere.csv: check its name and folder"),
    Wrong(
        "predict nowhere.safetensors good.csv",
        'cannot read "nowhere.safetensors": there is no such file: check the path',
    ),
    Wrong(
        "predict model.safetensors numbers.csv",
        'numbers.csv lacks "x1", "x2", "city", which the model needs: add or rename the column',
    ),
    Wrong(
        "predict model.safetensors e.csv",
        'e.csv lacks "x2", which the model needs: add or rename the column',
        {"e.csv": GOOD.replace("x2", "x3")},
    ),
    Wrong(
        "predict model.safetensors e.csv",
        (
            'e.csv, column "x2", row 5 (line 6): "four" is not a number: correct it, or leave it empty '
            "if the value is missing"
        ),
        {"e.csv": row(5, "5,four,Bern,yes")},
    ),
    Wrong(
        "predict model.safetensors e.csv",
        (
            'e.csv, column "x1", row 1 (line 2): "a" is not a number: correct it, or leave it empty if '
            "the value is missing"
        ),
        {"e.csv": "x1,x2,city\na,b,Bern\n"},
    ),
    Wrong(
        "predict model.safetensors e.csv",
        (
            'e.csv: column "x2" has no value in row 5 (line 6), and the model was trained without a fill '
            "for it: fill it in, or train with --missing mean or mode"
        ),
        {"e.csv": row(5, "5,,Bern,yes")},
    ),
    Wrong(
        "predict model.safetensors bare.csv",
        (
            'bare.csv: column "c3" holds numbers (1.5 in row 1 (line 1)), but the model was trained on '
            'text there ("Basel", "Bern", …): give it the column it was trained on'
        ),
    ),
    Wrong(
        "predict bare.safetensors e.csv",
        (
            "e.csv has 4 columns and no header line, but the model was trained on a table of 3 columns "
            "(2 without the target): give it the same columns in the same order"
        ),
        {"e.csv": "1,2,3,4\n2,3,4,5\n"},
    ),
    Wrong(
        "predict bare.safetensors bare.csv --probabilities",
        '"bare.safetensors" predicts numbers, not classes: leave out --probabilities',
    ),
    Wrong(
        "predict arrays.safetensors good.csv",
        '"arrays.safetensors" was trained on arrays, not on a table: use it from Python',
    ),
    Wrong(
        "predict model.safetensors good.csv --out nowhere/p.csv",
        (
            'cannot write "nowhere/p.csv": the folder "FOLDER/nowhere" does not exist: make it first, or '
            "choose another one"
        ),
    ),
    Wrong(
        "predict model.safetensors good.csv --out sub",
        'cannot write "sub": it is a folder: give the name of a file in it',
    ),
    Wrong(
        "predict model.safetensors good.csv --out good.csv",
        '--out "good.csv" is a file that is read here: give another name',
    ),
    Wrong(
        "predict model.safetensors good.csv --out model.safetensors",
        '--out "model.safetensors" is a file that is read here: give another name',
    ),
    Wrong(
        "predict model.safetensors",
        'chainrule predict needs DATA: "chainrule predict --help" lists what it takes',
    ),
    Wrong(
        "predict good.csv good.csv",
        'cannot read "good.csv": it is not a safetensors file: give a file that chainrule wrote',
    ),
    Wrong(
        "predict model.safetensors nowhere.csv --json",
        "there is no file nowhere.csv: check its name and folder",
    ),
    Wrong(
        "evaluate model.safetensors e.csv",
        (
            'e.csv: the label "perhaps" in column "kind", row 5 (line 6), is not a class of the model; '
            'training saw "no", "yes": correct the label, or leave such rows out'
        ),
        {"e.csv": row(5, "5,4,Bern,perhaps")},
    ),
    Wrong(
        "evaluate model.safetensors e.csv",
        'e.csv lacks the target "kind": add or rename the column',
        {"e.csv": "x1,x2,city\n1,2,Bern\n"},
    ),
    Wrong(
        "evaluate model.safetensors e.csv --json",
        (
            'e.csv: the target column "kind" has no value in row 5 (line 6): fill it in, or leave out '
            "such rows with --missing drop"
        ),
        {"e.csv": row(5, "5,4,Bern,")},
    ),
    Wrong(
        "evaluate arrays.safetensors good.csv",
        '"arrays.safetensors" was trained on arrays, not on a table: use it from Python',
    ),
    Wrong(
        "evaluate e.safetensors good.csv",
        'cannot read "e.safetensors": the file is empty: copy the file again, or make it again',
        {"e.safetensors": ""},
    ),
    Wrong(
        "info nowhere.safetensors", 'cannot read "nowhere.safetensors": there is no such file: check the path'
    ),
    Wrong("info sub", 'cannot read "sub": it is a folder: give the name of a file in it'),
    Wrong(
        "info model.safetensors",
        (
            'cannot read "model.safetensors": it holds 72 bytes of numbers where its header promises 76: '
            "copy the file again, or make it again"
        ),
        {"model.safetensors": lambda data: data[:-4]},
    ),
    Wrong(
        "info model.safetensors",
        ('cannot read "model.safetensors": it is not a safetensors file: give a file that chainrule wrote'),
        {"model.safetensors": lambda data: data[:5]},
    ),
    Wrong(
        "info model.safetensors",
        (
            'cannot read "model.safetensors": tensor "b2" does not match its SHA-256, so it was damaged '
            "or altered: copy the file again, or make it again"
        ),
        {"model.safetensors": flipped},
    ),
    Wrong(
        "info model.safetensors",
        (
            'cannot read "model.safetensors": its header does not match its SHA-256, so it was damaged '
            "or altered: copy the file again, or make it again"
        ),
        {"model.safetensors": lambda data: data.replace(b"relu", b"tanh", 1)},
    ),
    Wrong(
        "info model.safetensors --json",
        (
            'cannot read "model.safetensors": tensor "b2" does not match its SHA-256, so it was damaged '
            "or altered: copy the file again, or make it again"
        ),
        {"model.safetensors": flipped},
    ),
    Wrong(
        "info good.csv",
        'cannot read "good.csv": it is not a safetensors file: give a file that chainrule wrote',
    ),
    Wrong(
        "info run.safetensors.checkpoint",
        ('cannot read "run.safetensors.checkpoint": this is a checkpoint, not a model: give a model file'),
    ),
    Wrong(
        "check model.safetensors good.csv --rows 0",
        "--rows takes at least 1 and --entries at least 0: give more",
    ),
    Wrong(
        "check model.safetensors good.csv --entries -1",
        "--rows takes at least 1 and --entries at least 0: give more",
    ),
    Wrong(
        "check model.safetensors numbers.csv",
        'numbers.csv lacks "x1", "x2", "city", which the model needs: add or rename the column',
    ),
    Wrong(
        "check arrays.safetensors good.csv",
        '"arrays.safetensors" was trained on arrays, not on a table: use it from Python',
    ),
    Wrong(
        "demo --jsn",
        (
            'chainrule demo has no option --jsn: did you mean --json? "chainrule demo --help" lists what '
            "it takes"
        ),
    ),
]


RUNS: list[Wrong] = [
    Wrong(
        "train good.csv --target kind --out nowhere/m.safetensors",
        (
            'cannot write "nowhere/m.safetensors": the folder "FOLDER/nowhere" does not exist: make it '
            "first, or choose another one"
        ),
    ),
    Wrong(
        "train good.csv --target kind --out sub",
        'cannot write "sub": it is a folder: give the name of a file in it',
    ),
    Wrong(
        "train good.csv --target kind --out good.csv/m.safetensors",
        (
            'cannot write "good.csv/m.safetensors": a part of the path is a file, not a folder: correct '
            "the path"
        ),
    ),
    Wrong(
        "train good.csv --target kind --out ''",
        'cannot write "": it is a folder: give the name of a file in it',
    ),
    Wrong(
        "train good.csv --target kind --out good.csv",
        '--out "good.csv" is a file that is read here: give another name',
    ),
    Wrong(
        "train good.csv --target kind --history sub",
        'cannot write "sub": it is a folder: give the name of a file in it',
    ),
    Wrong(
        "train good.csv --target kind --history model.safetensors",
        '--out and --history both write "model.safetensors": give two names',
    ),
    Wrong(
        "train good.csv --target kind --history model.safetensors.checkpoint",
        '--history and the checkpoint both write "model.safetensors.checkpoint": give two names',
    ),
    Wrong(
        "train good.csv --target kind --test numbers.csv --out numbers.csv",
        '--out "numbers.csv" is a file that is read here: give another name',
    ),
    Wrong(
        "train good.csv --target kind --out run.safetensors --resume --layers 4",
        (
            '"run.safetensors.checkpoint" is of another network (4 inputs → 3 relu → 1 sigmoid): give '
            "the same layers, or start anew"
        ),
        began=True,
    ),
    Wrong(
        "train good.csv --target kind --out run.safetensors --resume --layers 3 --rate 0.5",
        (
            '"run.safetensors.checkpoint" is of a run with other settings (rule): give the same ones, or '
            "start anew without resuming"
        ),
        began=True,
    ),
    Wrong(
        "train good.csv --target kind --out run.safetensors --resume --layers 3 --epochs 1",
        '"run.safetensors.checkpoint" has come to epoch 2 already: ask for at least as many',
        began=True,
    ),
    Wrong(
        "train e.csv --target kind --out run.safetensors --resume --layers 3",
        (
            '"run.safetensors.checkpoint" is of a run on other data: give the same data, or start anew '
            "without resuming"
        ),
        {"e.csv": row(5, "6,4,Bern,yes")},
        began=True,
    ),
    Wrong(
        "train good.csv --target kind --out run.safetensors --resume --layers 3",
        (
            'cannot read "run.safetensors.checkpoint": tensor "state/v_b2" does not match its SHA-256, '
            "so it was damaged or altered: copy the file again, or make it again"
        ),
        {"run.safetensors.checkpoint": flipped},
        began=True,
    ),
    Wrong(
        "train good.csv --target kind --out run.safetensors --resume --layers 3",
        (
            'cannot read "run.safetensors.checkpoint": it is not a safetensors file: give a file that '
            "chainrule wrote"
        ),
        {"run.safetensors.checkpoint": "text"},
        began=True,
    ),
    Wrong(
        "train good.csv --target kind --resume --json",
        (
            'cannot read "model.safetensors.checkpoint": tensor "state/v_b2" does not match its SHA-256, '
            "so it was damaged or altered: copy the file again, or make it again"
        ),
        {"model.safetensors.checkpoint": flipped},
    ),
    Wrong(
        "train numbers.csv --target y --rate 1e9 --rule sgd --layers 3",
        (
            "training diverged in epoch 2, batch 1: dW2 has grown to HUGE, too large to go on with; "
            "a smaller learning rate usually helps (it is 1e+09: try 1e+08), or clipping the gradient"
        ),
        began=True,
    ),
    Wrong(
        "train numbers.csv --target y --rate 1e9 --rule sgd --layers 3 --json",
        (
            "training diverged in epoch 2, batch 1: dW2 has grown to HUGE, too large to go on with; "
            "a smaller learning rate usually helps (it is 1e+09: try 1e+08), or clipping the gradient"
        ),
    ),
]
