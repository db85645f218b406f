"""JAX in its best form: every step of the run in one compiled scan, the orders drawn beforehand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from workloads import Job


def jax_outputs(job: Job) -> Callable[[Any, Any], Any]:
    """The weighted sums of the last layer."""
    import jax.numpy as jnp

    shape: dict[str, Any] = {"tanh": jnp.tanh, "relu": lambda z: jnp.maximum(z, 0)}
    hidden = [shape[layer.activation.name] for layer in job.network.dense[:-1]]

    def outputs(parameters: Any, inputs: Any) -> Any:
        a = inputs
        for (W, b), f in zip(parameters[:-1], hidden, strict=True):
            a = f(a @ W + b)
        W, b = parameters[-1]
        return a @ W + b

    return outputs


def jax_scan(job: Job) -> Callable[[], float]:
    """The run as one call."""
    import jax
    import jax.numpy as jnp
    from jax import lax

    jax.config.update("jax_enable_x64", job.dtype == "float64")
    outputs = jax_outputs(job)
    X, y = jnp.asarray(job.X, job.dtype), jnp.asarray(job.y)

    def loss_of(parameters: Any, inputs: Any, targets: Any) -> Any:
        z = outputs(parameters, inputs)
        if job.binary:
            z, t = z[:, 0], targets.astype(z.dtype)
            return jnp.mean(jnp.maximum(z, 0) - z * t + jnp.log1p(jnp.exp(-jnp.abs(z))))
        logs = jax.nn.log_softmax(z)
        return -jnp.mean(jnp.take_along_axis(logs, targets[:, None], 1))

    def step(carry: Any, rows: Any) -> Any:
        w, m, v, t = carry
        inputs, targets = (X, y) if rows is None else (X[rows], y[rows])
        loss, g = jax.value_and_grad(loss_of)(w, inputs, targets)
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        first, second = 1 - 0.9**t, 1 - 0.999**t
        w = jax.tree.map(lambda w, m, v: w - job.rate * (m / first) / (jnp.sqrt(v / second) + 1e-8), w, m, v)
        return (w, m, v, t), loss

    start = [tuple(jnp.asarray(p, job.dtype) for p in layer) for layer in job.first_weights()]
    zeros = jax.tree.map(jnp.zeros_like, start)
    orders, full = job.orders(), len(X) // job.batch * job.batch

    @jax.jit
    def run(carry: Any, order: Any) -> Any:
        if order is None:
            _, losses = lax.scan(lambda c, _: step(c, None), carry, None, job.epochs)
            return losses[-1]

        def epoch(carry: Any, rows: Any) -> Any:
            carry, losses = lax.scan(step, carry, rows[:full].reshape(-1, job.batch))
            total = losses.sum() * job.batch
            if full < len(X):
                carry, last = step(carry, rows[full:])
                total = total + last * (len(X) - full)
            return carry, total / len(X)

        return lax.scan(epoch, carry, order)[1][-1]

    drawn = [orders.of(epoch) for epoch in range(job.epochs)]
    order = None if drawn[0] is None else jnp.asarray(np.stack(drawn))
    t = jnp.asarray(0.0, job.dtype)
    return lambda: float(run((start, zeros, zeros, t), order).block_until_ready())
