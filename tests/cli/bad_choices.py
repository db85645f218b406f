"""Choices of a training run that cannot be, on the command line and in a file."""

from __future__ import annotations

from bad_files import Wrong

CHOICES: list[Wrong] = [
    Wrong(
        "train good.csv --target kind --layers 32,,x",
        '--layers "32,,x": "" is no number of units: write for example 32,16, or none',
    ),
    Wrong(
        "train good.csv --target kind --layers -3",
        '--layers "-3": "-3" is no number of units: write for example 32,16, or none',
    ),
    Wrong(
        "train good.csv --target kind --layers 0.5",
        '--layers "0.5": "0.5" is no number of units: write for example 32,16, or none',
    ),
    Wrong(
        "train good.csv --target kind --layers 1e9",
        '--layers "1e9": "1e9" is no number of units: write for example 32,16, or none',
    ),
    Wrong(
        "train good.csv --target kind --layers 8,0",
        '--layers "8,0": "0" is no number of units: write for example 32,16, or none',
    ),
    Wrong(
        "train good.csv --target kind --layers 100000000",
        (
            "a network of 600,000,001 parameters needs about 43 GB of memory to train, and this machine "
            "has 24 GB: give its layers fewer units"
        ),
    ),
    Wrong(
        "train good.csv --target kind --layers 100000,100000",
        (
            "a network of 10,000,700,001 parameters needs about 240 GB of memory to train, and this "
            "machine has 24 GB: give its layers fewer units"
        ),
    ),
    Wrong(
        "train good.csv --target kind --layers 9999999999999999999999",
        (
            '--layers "9999999999999999999999": "9999999999999999999999" is no number of units: write '
            "for example 32,16, or none"
        ),
    ),
    Wrong(
        "train good.csv --target kind --activation sigmiod",
        (
            'there is no activation called "sigmiod": did you mean "sigmoid"? (known: elu, gelu, '
            "gelu_tanh, identity, leaky_relu, prelu, relu, sigmoid, softmax, softplus, step, swish, tanh)"
        ),
    ),
    Wrong(
        "train good.csv --target kind --layers 4,4,4 --activation relu,tanh",
        "there are 3 hidden layers but 2 activations: give one, or one for each",
    ),
    Wrong(
        "train good.csv --target kind --layers none --activation relu,tanh",
        "there are 0 hidden layers but 2 activations: give one, or one for each",
    ),
    Wrong(
        "train good.csv --target kind --activation relu,",
        (
            'there is no activation called "" (known: elu, gelu, gelu_tanh, identity, leaky_relu, '
            "prelu, relu, sigmoid, softmax, softplus, step, swish, tanh)"
        ),
    ),
    Wrong(
        "train good.csv --target kind --activation 'leaky_relu(-'",
        '"leaky_relu(-" cannot be read: write it as name(parameter=number, …)',
    ),
    Wrong(
        "train good.csv --target kind --activation 'leaky_relu(wrong=3)'",
        'there is no parameter of leaky_relu called "wrong" (known: alpha)',
    ),
    Wrong(
        "train good.csv --target kind --layers none --dropout 0.5",
        "dropout needs a hidden layer to drop from: give layers, or leave dropout out",
    ),
    Wrong(
        "train good.csv --target kind --dropout 1", "--dropout 1: a dropout rate is at least 0 and below 1"
    ),
    Wrong(
        "train good.csv --target kind --dropout nan",
        "--dropout nan: a dropout rate is at least 0 and below 1",
    ),
    Wrong(
        "train good.csv --target kind --loss crossentrpy",
        (
            'there is no loss called "crossentrpy": did you mean "crossentropy"? (known: '
            "binary_crossentropy, crossentropy, half_squared_error, huber, mae, mse)"
        ),
    ),
    Wrong(
        "train numbers.csv --target y --loss crossentropy",
        (
            'crossentropy is a loss for classes, but the target "y" is a number: use mse, mae or huber, '
            "or --task classify"
        ),
    ),
    Wrong(
        "train good.csv --target kind --rule adma",
        (
            'there is no learning rule called "adma": did you mean "adam"? (known: adadelta, adagrad, '
            "adam, adamw, gradient_descent, lazy_adam, momentum, nesterov, perceptron, rmsprop)"
        ),
    ),
    Wrong(
        "train good.csv --target kind --rule 'momentum(beta=7)'",
        'there is no parameter of momentum called "beta" (known: learning_rate, mu)',
    ),
    Wrong(
        "train good.csv --target kind --schedule cosin",
        (
            'there is no schedule called "cosin": did you mean "cosine"? (known: constant, cosine, '
            "exponential, inverse_time, linear_warmup, reduce_on_plateau, step)"
        ),
    ),
    Wrong(
        "train good.csv --target kind --schedule 'linear_warmup(x)'",
        "epochs of linear_warmup must be a number, not 'x': give a number",
    ),
    Wrong(
        "train good.csv --target kind --rate=-0.1",
        "the learning rate must be above 0 and finite, not -0.1: give for example 0.01",
    ),
    Wrong(
        "train good.csv --target kind --rate 0",
        "the learning rate must be above 0 and finite, not 0.0: give for example 0.01",
    ),
    Wrong(
        "train good.csv --target kind --rate nan",
        "learning_rate of adam must be a number, not nan: give a number",
    ),
    Wrong(
        "train good.csv --target kind --rate inf",
        "the learning rate must be above 0 and finite, not inf: give for example 0.01",
    ),
    Wrong(
        "train good.csv --target kind --rate x",
        (
            "invalid value for '--rate': 'x' is not a valid float: \"chainrule train --help\" lists what "
            "it takes"
        ),
    ),
    Wrong("train good.csv --target kind --batch 0", "batch must be a whole number, at least 1, not 0"),
    Wrong("train good.csv --target kind --batch -1", "batch must be a whole number, at least 1, not -1"),
    Wrong(
        "train good.csv --target kind --batch x",
        (
            "invalid value for '--batch': 'x' is not a valid integer: \"chainrule train --help\" lists "
            "what it takes"
        ),
    ),
    Wrong("train good.csv --target kind --epochs 0", "epochs must be a whole number, at least 1, not 0"),
    Wrong(
        "train good.csv --target kind --epochs 1e3",
        (
            "invalid value for '--epochs': '1e3' is not a valid integer: \"chainrule train --help\" lists "
            "what it takes"
        ),
    ),
    Wrong(
        "train good.csv --target kind --validation 1",
        "validation is the fraction of rows held out, at least 0 and below 1, not 1.0",
    ),
    Wrong(
        "train good.csv --target kind --validation -0.1",
        "validation is the fraction of rows held out, at least 0 and below 1, not -0.1",
    ),
    Wrong(
        "train good.csv --target kind --validation 0.001",
        "holding out 0.001 of 24 rows holds out none: give more rows or a larger fraction",
    ),
    Wrong("train good.csv --target kind --patience 0", "patience must be a whole number, at least 1, not 0"),
    Wrong(
        "train good.csv --target kind --improvement -1",
        "improvement must not be negative or infinite, but is -1.0",
    ),
    Wrong(
        "train good.csv --target kind --tolerance inf",
        "tolerance must not be negative or infinite, but is inf",
    ),
    Wrong("train good.csv --target kind --l2 -1", "l2 must not be negative or infinite, but is -1.0"),
    Wrong("train good.csv --target kind --l2 nan", "l2 must be a number, not nan"),
    Wrong(
        "train good.csv --target kind --clip-norm 0", "a clipping limit must be above 0 and finite, not 0.0"
    ),
    Wrong(
        "train good.csv --target kind --clip-value nan",
        "a clipping limit must be above 0 and finite, not nan",
    ),
    Wrong(
        "train good.csv --target kind --clip-norm 1 --clip-value 1",
        "clip the gradient by norm or by value, not both: leave one out",
    ),
    Wrong("train good.csv --target kind --class-weight 1,2,3", "2 classes need 2 class weights, not 3"),
    Wrong(
        "train good.csv --target kind --class-weight heavy",
        '--class-weight "heavy": write balanced, or a number for each class, such as 1,2.5',
    ),
    Wrong(
        "train good.csv --target kind --class-weight=-1,2",
        "class weight must not be negative or infinite, but is -1.0",
    ),
    Wrong(
        "train good.csv --target kind --class-weight 0,0",
        "all class weights are 0, so nothing would be learnt: give one above 0",
    ),
    Wrong(
        "train numbers.csv --target y --class-weight 1,2",
        'class weights need a target of classes, and "y" is a number: leave them out',
    ),
    Wrong(
        "train numbers.csv --target y --class-weight balanced",
        'class weights need a target of classes, and "y" is a number: leave them out',
    ),
    Wrong(
        "train good.csv --target kind --dtype float16",
        "numbers are float32 or float64, not 'float16': choose one of them",
    ),
    Wrong(
        "train good.csv --target kind --engine warp",
        'there is no engine called "warp" (known: auto, compiled, numpy)',
    ),
    Wrong("train good.csv --target kind --seed -1", "seed must be a whole number, at least 0, not -1"),
    Wrong(
        "train good.csv --target kind --seed 1.5",
        (
            "invalid value for '--seed': '1.5' is not a valid integer: \"chainrule train --help\" lists "
            "what it takes"
        ),
    ),
    Wrong(
        "train good.csv --target kind --checkpoint-every 0",
        '--checkpoint-every "0": write a number of epochs (10) or seconds (30s)',
    ),
    Wrong(
        "train good.csv --target kind --checkpoint-every x",
        '--checkpoint-every "x": write a number of epochs (10) or seconds (30s)',
    ),
    Wrong(
        "train good.csv --target kind --threshold 1",
        "--threshold goes with --rule perceptron: add that, or leave the threshold out",
    ),
    Wrong(
        "train good.csv --target kind --rule perceptron --layers 4",
        ("the perceptron rule trains one unit, without --layers: leave that out, or use another rule"),
    ),
    Wrong(
        "train good.csv --target kind --rule perceptron --threshold nan",
        "the threshold must be a finite number, not nan: or leave it out to learn it",
    ),
    Wrong(
        "train good.csv --target kind --rule perceptron --batch 4 --l2 1",
        ("the perceptron rule trains one unit, without --batch, --l2: leave that out, or use another rule"),
    ),
    Wrong(
        "train good.csv --target kind --rule perceptron --loss mse",
        ("the perceptron rule trains one unit, without --loss: leave that out, or use another rule"),
    ),
    Wrong(
        "train good.csv --target kind --test ./good.csv",
        (
            "good.csv: the test rows would be the training rows: give another file, or a fraction to hold "
            "out, such as 0.2"
        ),
    ),
    Wrong(
        "train good.csv --target kind --rule perceptron --history h.jsonl",
        "the perceptron rule keeps no history and no checkpoints: leave out --history",
    ),
    Wrong(
        "train good.csv --target kind --rule perceptron --resume",
        "the perceptron rule keeps no history and no checkpoints: leave out --resume",
    ),
    Wrong(
        "train three.csv --target c --rule perceptron",
        'a perceptron decides between two classes, but "c" is not of two',
    ),
    Wrong(
        "train numbers.csv --target y --rule perceptron",
        'a perceptron decides between two classes, but "y" is not of two',
    ),
    Wrong(
        "train good.csv --target kind extra.csv",
        'got unexpected extra argument (extra.csv): "chainrule train --help" lists what it takes',
    ),
    Wrong(
        "train good.csv --target kind --outt x",
        (
            'chainrule train has no option --outt: did you mean --out? "chainrule train --help" lists '
            "what it takes"
        ),
    ),
    Wrong(
        "train good.csv --target kind --epoch 3",
        (
            'chainrule train has no option --epoch: did you mean --epochs? "chainrule train --help" '
            "lists what it takes"
        ),
    ),
    Wrong(
        "trian good.csv",
        (
            'there is no command called "trian": did you mean "train"? (known: chart, check, data, '
            "demo, evaluate, examples, exercise, formulas, info, mark, predict, show, train, warm, words)"
        ),
    ),
    Wrong("train", 'chainrule train needs DATA: "chainrule train --help" lists what it takes'),
    Wrong(
        "train good.csv --target kind --target",
        "option '--target' requires an argument: \"chainrule train --help\" lists what it takes",
    ),
]


CONFIGS: list[Wrong] = [
    Wrong(
        "train good.csv --target kind --config nowhere.toml",
        'there is no file "nowhere.toml": check its name and folder',
    ),
    Wrong("train good.csv --target kind --config sub", '"sub" is a folder: name a file in it'),
    Wrong(
        "train good.csv --target kind --config run.toml",
        'run.toml: there is no key "epoch", did you mean "epochs"?: rename it, or take it out',
        {"run.toml": "epoch = 3\n"},
    ),
    Wrong(
        "train good.csv --target kind --config run.toml",
        (
            'run.toml has 4 mistakes: layers: write whole numbers, [32, 16], or "none"; rate must be a '
            'number, not true; epochs must be a whole number, not "x"; there is no key "patiense", did you '
            'mean "patience"?: correct them'
        ),
        {"run.toml": 'epochs = "x"\nlayers = 3\nrate = true\npatiense = 1\n'},
    ),
    Wrong(
        "train good.csv --target kind --config run.toml",
        '"run.toml", line 1: this is not TOML: invalid value: correct that line or the one before',
        {"run.toml": "epochs = \n"},
    ),
    Wrong(
        "train good.csv --target kind --config run.toml",
        "epochs must be a whole number, at least 1, not 0",
        {"run.toml": "epochs = 0\n"},
    ),
    Wrong(
        "train good.csv --target kind --config run.toml",
        "a layer needs a whole number of units, at least 1, not -1",
        {"run.toml": "layers = [3, -1]\n"},
    ),
    Wrong(
        "train good.csv --target kind --config run.toml",
        'run.toml: layers: write whole numbers, [32, 16], or "none"',
        {"run.toml": 'layers = [3, "x"]\n'},
    ),
    Wrong(
        "train good.csv --target kind --config run.toml",
        'run.toml: activation: write a name in quotes, or a list, ["relu", "tanh"]',
        {"run.toml": 'activation = ["relu", 3]\n'},
    ),
    Wrong(
        "train good.csv --target kind --config run.toml",
        'run.toml: drop must be a list, not "a": write a list',
        {"run.toml": 'drop = "a"\n'},
    ),
    Wrong(
        "train good.csv --target kind --config run.toml",
        "--dropout 2: a dropout rate is at least 0 and below 1",
        {"run.toml": "dropout = 2.0\n"},
    ),
    Wrong(
        "train good.csv --target kind --config run.toml",
        "run.toml: rate must be a finite number, not NaN: write a finite number",
        {"run.toml": "rate = nan\n"},
    ),
    Wrong(
        "train good.csv --target kind --config run.toml",
        '--task "sort": choose one of auto, classify, regress',
        {"run.toml": 'task = "sort"\n'},
    ),
]
