"""PyTorch: the usual eager loop, with fused or default Adam, and with the loss compiled by torch.compile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workloads import Job, product_sizes


def torch_loop(*, fused: bool, compiled: bool = False) -> Callable[[Job], Callable[[], float]]:
    """The loop over batches."""

    def ready(job: Job) -> Callable[[], float]:
        import torch

        kind = getattr(torch, job.dtype)
        criterion = torch.nn.BCEWithLogitsLoss() if job.binary else torch.nn.CrossEntropyLoss()
        X = torch.from_numpy(job.X).to(kind)
        y = torch.from_numpy(job.y.astype(job.dtype).reshape(-1, 1) if job.binary else job.y)
        model = torch_model(job)
        first = {name: value.clone() for name, value in model.state_dict().items()}

        def plain(inputs: Any, targets: Any) -> Any:
            return criterion(model(inputs), targets)

        full = plain
        if compiled:
            torch._dynamo.reset()
            full = torch.compile(plain, dynamic=False)

        def train() -> float:
            model.load_state_dict(first)
            optimiser = torch.optim.Adam(model.parameters(), lr=job.rate, fused=fused)
            orders, total = job.orders(), 0.0
            for epoch in range(job.epochs):
                order, total = orders.of(epoch), 0.0
                rows = None if order is None else torch.from_numpy(order)
                for begin in range(0, len(X), job.batch):
                    inputs, targets = X, y
                    if rows is not None:
                        taken = rows[begin : begin + job.batch]
                        inputs, targets = X[taken], y[taken]
                    optimiser.zero_grad()
                    # The few rows that are left at the end are not worth a compilation of their own.
                    loss = (full if len(inputs) == job.batch else plain)(inputs, targets)
                    loss.backward()
                    optimiser.step()
                    total += loss.item() * len(inputs)
            return total / len(X)

        return train

    return ready


def torch_model(job: Job) -> Any:
    """The network up to its last weighted sums, with the job's first weights."""
    import torch

    shapes = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}
    layers: list[Any] = []
    for number, (i, o) in enumerate(product_sizes(job.network)):
        linear = torch.nn.Linear(i, o).to(getattr(torch, job.dtype))
        W, b = job.first_weights()[number]
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W.T))
            linear.bias.copy_(torch.from_numpy(b))
        layers.append(linear)
        if number < len(job.network.dense) - 1:
            layers.append(shapes[job.network.dense[number].activation.name]())
    return torch.nn.Sequential(*layers)
