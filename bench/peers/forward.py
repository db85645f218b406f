"""Prediction by every tool: the same weights, NumPy rows in, NumPy probabilities out."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from workloads import Array, Job, made_up

import chainrule as cr
from chainrule.engines.initial import initial_parameters
from chainrule.learning.model import Model
from chainrule.learning.settings import make_settings
from peers.jaxscan import jax_outputs
from peers.pytorch import torch_model
from peers.scikit import sklearn_model

Predict = Callable[[Array], Array]


def job_of(network: cr.Network, rows: int) -> Job:
    """Rows that the network can take."""
    X, y = made_up(rows, network.inputs, max(network.outputs, 2))
    return Job(str(network), network, X, y, 0.001, 1, 128, "made up")


def model_of(job: Job) -> Model:
    """chainrule's model with the job's first weights."""
    parameters = {name: p.astype(np.float32) for name, p in initial_parameters(job.network, 0).items()}
    return Model(job.network, parameters, make_settings(loss=job.loss, rule="adam"))


def torch_forward(job: Job, *, traced: bool = False) -> Predict:
    """PyTorch without gradients; traced and frozen for prediction where asked."""
    import torch

    last = torch.nn.Sigmoid() if job.binary else torch.nn.Softmax(dim=1)
    model = torch.nn.Sequential(*torch_model(job), last).eval()
    if traced:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = torch.jit.trace(model, torch.from_numpy(job.X[:1]))
            model = torch.jit.optimize_for_inference(torch.jit.freeze(made))

    def predict(X: Array) -> Array:
        with torch.inference_mode():
            found: Array = model(torch.from_numpy(X)).numpy()
        return found

    return predict


def sklearn_forward(job: Job) -> Predict:
    """scikit-learn's `predict_proba`; between two classes it is given the one output it would have."""
    from sklearn.exceptions import ConvergenceWarning

    model = sklearn_model(job, epochs=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        rows = np.repeat(job.X[:1], max(job.network.outputs, 2), axis=0)
        model.set_params(batch_size="auto").fit(rows, np.arange(len(rows)))
    given = job.first_weights()
    model.coefs_ = [W.astype(np.float32) for W, _ in given]
    model.intercepts_ = [b.astype(np.float32) for _, b in given]
    predict: Predict = model.predict_proba
    if job.binary:
        return lambda X: predict(X)[:, 1:]
    return predict


def onnx_model(job: Job) -> bytes:
    """The network as an ONNX graph: a Gemm and an activation for each layer."""
    from onnx import TensorProto, helper, numpy_helper

    names = {"tanh": "Tanh", "relu": "Relu", "sigmoid": "Sigmoid", "softmax": "Softmax"}
    nodes, numbers, given = [], [], "x"
    for n, (W, b) in enumerate(job.first_weights(), start=1):
        numbers += [
            numpy_helper.from_array(np.ascontiguousarray(p, np.float32), f"{letter}{n}")
            for letter, p in (("W", W), ("b", b))
        ]
        nodes.append(helper.make_node("Gemm", [given, f"W{n}", f"b{n}"], [f"z{n}"]))
        activation = names[job.network.dense[n - 1].activation.name]
        nodes.append(helper.make_node(activation, [f"z{n}"], [f"a{n}"]))
        given = f"a{n}"
    ends = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", size])
        for name, size in (("x", job.network.inputs), (given, job.network.outputs))
    ]
    graph = helper.make_graph(nodes, "network", [ends[0]], [ends[1]], numbers)
    # What ONNX Runtime reads for sure.
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    text: bytes = made.SerializeToString()
    return text


def onnx_forward(job: Job, *, threads: bool = False) -> Predict:
    """ONNX Runtime."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    if not threads:
        options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(onnx_model(job), options, providers=["CPUExecutionProvider"])
    # The compiled session itself, without the checks of its Python wrapper.
    run, names = session._sess.run, [session.get_outputs()[0].name]
    return lambda X: run(names, {"x": X}, None)[0]


def jax_forward(job: Job) -> Predict:
    """JAX, compiled for this number of rows."""
    import jax
    import jax.numpy as jnp

    outputs = jax_outputs(job)
    parameters = [tuple(jnp.asarray(p, jnp.float32) for p in layer) for layer in job.first_weights()]
    last = jax.nn.sigmoid if job.binary else jax.nn.softmax
    run = jax.jit(lambda X: last(outputs(parameters, X)))
    return lambda X: np.asarray(run(X))


def ready(makers: dict[str, Callable[[], Any]]) -> dict[str, Any]:
    """Those that are installed."""
    made = {}
    for name, make in makers.items():
        try:
            made[name] = make()
        except ImportError:
            print(f"{name}: not installed")
    return made
