"""Scalar Python, for scale: every number an object that knows how to send its gradient back."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log, sqrt, tanh

from workloads import Job


class Value:
    """A number of the computation, and the numbers it was made of with its slope in each."""

    __slots__ = ("data", "grad", "parts")

    def __init__(self, data: float, parts: tuple[tuple[Value, float], ...] = ()) -> None:
        self.data, self.grad, self.parts = data, 0.0, parts

    def __add__(self, other: Value) -> Value:
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other: Value) -> Value:
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    def tanh(self) -> Value:
        """The hyperbolic tangent."""
        t = tanh(self.data)
        return Value(t, ((self, 1 - t * t),))

    def relu(self) -> Value:
        """The positive part."""
        return Value(max(self.data, 0.0), ((self, float(self.data > 0)),))

    def backward(self) -> None:
        """Put the gradient of this number into every number it was made of."""
        order: list[Value] = []
        seen: set[int] = set()
        stack: list[tuple[Value, bool]] = [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, True))
                stack.extend((part, False) for part, _ in node.parts)
        self.grad = 1.0
        for node in reversed(order):
            for part, slope in node.parts:
                part.grad += slope * node.grad


def scalar_loop(job: Job) -> Callable[[], float]:
    """Full-batch steps of Adam, as `Job.cut` gives them; returns the loss of the last one."""
    shape = {"tanh": Value.tanh, "relu": Value.relu}
    shapes = [shape[layer.activation.name] for layer in job.network.dense[:-1]]
    rows = [[Value(float(number)) for number in row] for row in job.X]

    def sample_loss(
        layers: list[tuple[list[list[Value]], list[Value]]], row: list[Value], label: int
    ) -> Value:
        a = row
        for number, (columns, bias) in enumerate(layers):
            z = []
            for column, start in zip(columns, bias, strict=True):
                total = start
                for w, x in zip(column, a, strict=True):
                    total = total + w * x
                z.append(total)
            a = [shapes[number](each) for each in z] if number < len(shapes) else z
        return _binary(a[0], label) if job.binary else _classes(a, label)

    def train() -> float:
        layers = [
            ([[Value(float(w)) for w in column] for column in W.T], [Value(float(each)) for each in b])
            for W, b in job.first_weights()
        ]
        weights = [w for columns, bias in layers for group in (*columns, bias) for w in group]
        m, v, loss = [0.0] * len(weights), [0.0] * len(weights), Value(0.0)
        for step in range(1, job.epochs + 1):
            for w in weights:
                w.grad = 0.0
            loss = Value(0.0)
            for row, label in zip(rows, job.y.tolist(), strict=True):
                loss = loss + sample_loss(layers, row, label)
            loss = loss * Value(1 / len(rows))
            loss.backward()
            first, second = 1 - 0.9**step, 1 - 0.999**step
            for k, w in enumerate(weights):
                m[k] = 0.9 * m[k] + 0.1 * w.grad
                v[k] = 0.999 * v[k] + 0.001 * w.grad * w.grad
                w.data -= job.rate * (m[k] / first) / (sqrt(v[k] / second) + 1e-8)
        return loss.data

    return train


def _binary(z: Value, label: int) -> Value:
    """The cross-entropy of a sigmoid's weighted sum."""
    p = 1 / (1 + exp(-z.data))
    return Value(max(z.data, 0.0) - z.data * label + log(1 + exp(-abs(z.data))), ((z, p - label),))


def _classes(z: list[Value], label: int) -> Value:
    """The cross-entropy of a softmax's weighted sums."""
    highest = max(each.data for each in z)
    powers = [exp(each.data - highest) for each in z]
    total = sum(powers)
    parts = tuple(
        (each, power / total - (k == label)) for k, (each, power) in enumerate(zip(z, powers, strict=True))
    )
    return Value(log(total) + highest - z[label].data, parts)
