"""A training step as a short PyTorch script that takes the same step and asserts the same numbers.

What PyTorch has under a name of its own is written with that name (torch_names.py); everything else is
written from the derivation's tree, in the vocabulary's PyTorch spellings. Gradients are PyTorch's autograd.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from chainrule.derivation.lines import Derivation, Line
from chainrule.engines.engine import Step
from chainrule.errors import ConfigError, InvalidInput
from chainrule.formulas import layers
from chainrule.formulas.expression import Expression, Symbol, substitute
from chainrule.working.rendering.torch_code import laid_out, number, torch_code
from chainrule.working.rendering.torch_names import (
    ACTIVATIONS,
    FUSED,
    GUARDED_CROSSENTROPY,
    LOSSES,
    OPTIMISERS,
    SILU,
    SUMMED,
    F,
)

# rtol and atol by the kind of numbers of the step.
TOLERANCES = {"float64": ("1e-9", "1e-11"), "float32": ("1e-4", "1e-6")}
# A script of more numbers is no longer one to read, and slow to load.
MOST_NUMBERS = 200_000

_HEAD = """\
import torch


def numbers(values):
    return torch.tensor(values, dtype=torch.{dtype})


def check(name, found, worked):
    found, worked = found.detach(), numbers(worked)
    scale = max([1.0, *worked.abs().flatten().tolist()])
    same = found.shape == worked.shape and torch.allclose(
        found.to(worked.dtype), worked, rtol={rtol}, atol={atol} * scale
    )
    assert same, f"{{name}}: PyTorch has {{found.tolist()}}, the working {{worked.tolist()}}"
    first = "".join(f"{{value:>13.6g}}" for value in found.flatten()[:4].tolist())
    print(f"{{name:<14}}{{first}}{{'  …' if found.numel() > 4 else ''}}")
    return worked

"""


def pytorch_script(
    derivation: Derivation,
    step: Step,
    *,
    rate: float | None = None,
    title: str = "",
    names: Mapping[str, str] | None = None,
) -> str:
    """A self-contained script (it imports torch alone) that takes the step in PyTorch and asserts its numbers.

    step:  the numbers, as `NumpyEngine.run` or `Trainer.last_step` gives them; dropout masks are taken from it
    rate:  η of the step; by default the one the step holds, then the rule's own
    title: for the first line; names: symbol → what it is called in the printed table

    The script fails with an AssertionError at the first number that PyTorch finds otherwise.
    Raises ConfigError for what PyTorch has no spelling of, and for a step of over 200,000 numbers;
    InvalidInput for a step that is not finite, or of another derivation.

    >>> from chainrule.derivation import Dense, Network, derive
    >>> from chainrule.engines.numpy import NumpyEngine
    >>> d = derive(Network(1, [Dense(1, "sigmoid", bias=False)]), "mse", "sgd")
    >>> step = NumpyEngine().run(d, {"x": [[1.0]], "y": [[1.0]], "W1": [[0.0]]}, rate=1.0)
    >>> script = pytorch_script(d, step, rate=1.0)
    >>> "a1 = torch.sigmoid(z1)" in script, 'check("W1 after", W1, [[0.25]])' in script
    (True, True)
    """
    return _Script(derivation, step, rate, title, names or {}).text()


class _Script:
    """A script in the making."""

    def __init__(
        self,
        derivation: Derivation,
        step: Step,
        rate: float | None,
        title: str,
        names: Mapping[str, str],
    ) -> None:
        self.derivation, self.step, self.title, self.names = derivation, step, title, names
        self.values = step.values
        self.check_finite()
        held = sum(np.size(value) for value in (*self.values.values(), *step.updated.values()))
        if held > MOST_NUMBERS:
            raise ConfigError(
                f"a PyTorch script of this step would hold {held:,} numbers, more than {MOST_NUMBERS:,}: "
                "take fewer rows, or a smaller network"
            )
        kinds = {value.dtype.name for value in self.values.values() if isinstance(value, np.ndarray)}
        self.dtype = "float32" if "float32" in kinds else "float64"
        self.differentiated = bool(derivation.gradients)
        self.constants = dict(derivation.constants)
        for name in ("eta", "t"):
            if name in self.values:
                self.constants[name] = float(self.values[name])
        if rate is not None and "eta" in derivation.inputs:
            self.constants["eta"] = float(rate)
        self.gradients = {symbol: f"{name}.grad" for name, symbol in derivation.gradients.items()}

    def check_finite(self) -> None:
        """Raise InvalidInput unless the step has a finite number for everything the script asserts."""
        derivation = self.derivation
        given = (*derivation.inputs, *(p.name for p in derivation.network.parameters), *derivation.state)
        computed = (line.symbol for line in derivation.lines if line.phase != "update")
        after = (line.symbol for line in self.lines("update"))
        for held, names in ((self.values, (*given, *computed)), (self.step.updated, tuple(after))):
            for name in names:
                if name not in held:
                    raise InvalidInput(f"the step has no value for {name}: give the step of this derivation")
                if not np.isfinite(held[name]).all():
                    raise InvalidInput(
                        f"the step left the finite numbers at {name}, where PyTorch need not agree: "
                        "give a step that stays among them"
                    )

    def lines(self, *phases: str) -> list[Line]:
        return [line for line in self.derivation.lines if line.phase in phases]

    def text(self) -> str:
        title = self.title or f"The same step in PyTorch: {self.derivation.network}"
        rtol, atol = TOLERANCES[self.dtype]
        parts: list[Iterable[str]] = [
            [f"# {line}" for line in title.splitlines()],
            _HEAD.format(dtype=self.dtype, rtol=rtol, atol=atol).splitlines(),
            ["", "# The numbers it starts from.", *self.given()],
            ["", "# Feedforward.", *self.forward()],
        ]
        if self.derivation.loss is not None:
            parts.append(["", "# Loss.", *self.loss()])
        if self.differentiated:
            parts.append(["", "# Backpropagation, by PyTorch's autograd.", *self.backward()])
        parts.append(["", "# PyTorch's numbers; each must be the one of the working.", *self.checks()])
        if self.lines("update"):
            parts.append(["", "# Update.", *self.update()])
        parts.append(['print("PyTorch finds the same numbers.")'])
        return "\n".join(line for part in parts for line in part) + "\n"

    # --- sections -----------------------------------------------------------------------------------

    def given(self) -> Iterator[str]:
        for name in self.derivation.inputs:
            if self.derivation.shapes[name] != ():
                yield from self.assigned(name, self.values[name])
        for name, row in self.derivation.vectors.items():
            yield from self.assigned(name, np.array([row]))
        for parameter in self.derivation.network.parameters:
            yield from self.assigned(parameter.name, self.values[parameter.name])
            if parameter.name in self.derivation.gradients:
                yield f"{parameter.name}.requires_grad_()"
        for line in self.lines("feedforward"):
            if self.is_mask(line):
                yield from self.assigned(line.symbol, self.values[line.symbol])

    def forward(self) -> Iterator[str]:
        last = {f"a{number}": layer for number, layer in enumerate(self.derivation.network.dense, start=1)}
        for line in self.lines("feedforward"):
            if self.is_mask(line) or self.is_chance(line):
                continue
            template = ACTIVATIONS.get(last[line.symbol].activation.name) if line.symbol in last else None
            if template == ACTIVATIONS["swish"] and self.bound(line)["beta"] == "1.0":
                template = SILU
            code = template.format(**self.bound(line)) if template else self.code(line)
            yield f"{line.symbol} = {code}"

    def loss(self) -> Iterator[str]:
        for line in self.lines("loss"):
            if line.symbol == "C":
                yield from self.error(line)
            elif line.symbol == "Y":
                units = self.derivation.network.outputs
                yield f"Y = {F}.one_hot({line.arguments[0]}[:, 0], {units}).to(torch.{self.dtype})"
            else:
                yield f"{line.symbol} = {self.code(line)}"

    def error(self, line: Line) -> Iterator[str]:
        """The errors of the outputs, then our reductions of them, written out."""
        loss, units = self.derivation.loss, self.derivation.network.outputs
        assert loss is not None
        bound, fused = self.bound(line), self.derivation.fused
        names = bound if "p" in bound else {**bound, "p": bound["z"]}
        template = self.template(line)
        summed = fused and loss.name in SUMMED
        divisor = f" / {units}" if loss.over_outputs == "mean" and units > 1 else ""
        if template is None:
            made = loss.fused.value if fused and loss.fused else loss.value
            pairs = zip(line.definition.arguments, map(Symbol, line.arguments), strict=True)
            yield f"errors = {self.written(line, substitute(made.tree, dict(pairs)))}"
        elif summed:
            yield f"each = {template.format(**names)}{divisor}  # of a sample, summed over the outputs"
        else:
            yield f"errors = {template.format(**names)}"
        if not summed:
            yield f"each = errors.{'mean' if divisor else 'sum'}(dim=1)  # of a sample: over the outputs"
        if "s" not in bound:
            yield f"C = each.{loss.over_batch}()  # over the batch"
            return
        weight = bound["s"]
        divided = loss.over_batch == "mean" and float(np.sum(self.values[weight])) > 0
        yield f"C = ({weight}[:, 0] * each).sum()" + (f" / {weight}.sum()" if divided else "")

    def template(self, line: Line) -> str | None:
        """PyTorch's own loss; None where it has none, bounds it (logarithms at −100) or refuses it (δ of 0)."""
        loss = self.derivation.loss
        assert loss is not None
        if loss.name == "huber" and float(loss.parameters["delta"]) <= 0:
            return None
        if self.derivation.fused and loss.name in FUSED:
            return FUSED[loss.name]
        p = np.asarray(self.values[line.arguments[0]])
        if loss.name == "binary_crossentropy" and (np.minimum(p, 1 - p) < 1e-6).any():
            return None
        if loss.name == "crossentropy" and (p == 0).any():
            return GUARDED_CROSSENTROPY
        return LOSSES.get(loss.name)

    def backward(self) -> Iterator[str]:
        for line in self.inner_gradients():
            yield f"{line.of}.retain_grad()"
        yield f"{'J' if 'J' in self.values else 'C'}.backward()"

    def checks(self) -> Iterator[str]:
        for line in self.lines("feedforward", "loss"):
            if not self.is_mask(line) and not self.is_chance(line):
                yield from self.checked(line.symbol, line.symbol, self.values[line.symbol])
        for line in self.lines("backpropagation"):
            value, found = self.values[line.symbol], f"{line.of}.grad"
            if line.of in self.step.updated and self.is_blown_up(value):
                yield "# Rounding in a gradient so near 0 would change the update: it goes on from the working's."
                yield from self.checked(line.symbol, found, value, f"{found} = ")
            else:
                yield from self.checked(line.symbol, found, value)

    def is_blown_up(self, gradient: Any) -> bool:
        """Whether the rule, by dividing by the gradient's size, makes much of its last digits."""
        rule = self.derivation.rule
        if rule is None or rule.name in ("gradient_descent", "momentum", "nesterov"):
            return False
        return self.dtype == "float32" or bool((np.abs(gradient) < 1e-5).any())

    # --- update -------------------------------------------------------------------------------------

    def update(self) -> Iterator[str]:
        changed = [p.name for p in self.derivation.trained if p.name in self.step.updated]
        if self.has_optimiser():
            yield from self.clipping()
            yield from self.optimiser(changed)
        else:
            yield from self.assignments(changed)
        for name in changed:
            yield from self.checked(f"{name} after", name, self.step.updated[name])

    def has_optimiser(self) -> bool:
        rule = self.derivation.rule
        # PyTorch's Nesterov is refused without momentum.
        return (
            rule is not None
            and rule.name in OPTIMISERS
            and not (rule.name == "nesterov" and not rule.parameters["mu"] > 0)
        )

    def clipping(self) -> Iterator[str]:
        bounded = (layers.clip_by_value, layers.clip_by_norm)
        update = self.lines("update")
        clipped = [line for line in update if line.of is None or line.definition in bounded]
        targets = [line for line in clipped if line.of]
        if len(clipped) == len(targets):
            if targets:
                of, limit = ", ".join(str(line.of) for line in targets), self.derivation.constants["c"]
                yield f"torch.nn.utils.clip_grad_value_([{of}], {number(limit)})"
            return
        yield "# PyTorch's clip_grad_norm_ adds 1e-6 to the length, so it is written out."
        for line in clipped:
            yield f"{f'{line.of}.grad' if line.of else line.symbol} = {self.code(line)}"

    def optimiser(self, changed: list[str]) -> Iterator[str]:
        rule = self.derivation.rule
        assert rule is not None
        made, settings, kept = OPTIMISERS[rule.name]
        settings = settings.format(**{name: number(value) for name, value in rule.parameters.items()})
        arguments = ", ".join(part for part in (f"lr={number(self.constants['eta'])}", settings) if part)
        yield f"optimizer = torch.optim.{made}([{', '.join(changed)}], {arguments})"
        before = int(self.constants["t"]) - 1
        if kept and (before or any(np.any(self.values[symbol]) for symbol in self.derivation.state)):
            yield "# What it kept from the steps before."
            for name in changed:
                yield f"optimizer.state[{name}] = {{"
                if "momentum" not in settings:
                    yield f'    "step": torch.tensor({number(float(before))}),'
                for ours, theirs in kept.items():
                    yield from laid_out(f'    "{theirs}": numbers(', self.values[f"{ours}_{name}"], "),")
                yield "}"
        yield "optimizer.step()"

    def assignments(self, changed: list[str]) -> Iterator[str]:
        """A rule that PyTorch has not, assignment by assignment."""
        for symbol in self.derivation.state:
            yield from self.assigned(symbol, self.values[symbol])
        yield "with torch.no_grad():"
        for line in self.lines("update"):
            code = self.code(line)
            yield (
                f"    {line.symbol}.copy_({code})"
                if line.symbol in changed
                else f"    {line.symbol} = {code}"
            )

    # --- pieces -------------------------------------------------------------------------------------

    def inner_gradients(self) -> list[Line]:
        """Gradients of what is no parameter, which autograd keeps only when asked."""
        return [line for line in self.lines("backpropagation") if line.of not in self.derivation.gradients]

    def is_mask(self, line: Line) -> bool:
        return line.definition is layers.keep

    def is_chance(self, line: Line) -> bool:
        return line.definition is layers.chance

    def bound(self, line: Line) -> dict[str, str]:
        """The definition's arguments as they are written in the script: symbols, or a constant's number."""
        pairs = zip(line.definition.arguments, line.arguments, strict=True)
        return {
            name: number(float(self.constants[symbol])) if symbol in self.constants else symbol
            for name, symbol in pairs
        }

    def code(self, line: Line) -> str:
        return self.written(line, line.tree)

    def written(self, line: Line, tree: Expression) -> str:
        return torch_code(tree, self.constants, self.gradients, f"{line.symbol} ({line.definition.name})")

    def assigned(self, name: str, value: Any) -> Iterator[str]:
        if isinstance(value, np.ndarray) and value.dtype.kind in "iu":
            yield from laid_out(f"{name} = torch.tensor(", value, ")")
        else:
            yield from laid_out(f"{name} = numbers(", value, ")")

    def checked(self, symbol: str, found: str, value: Any, before: str = "") -> Iterator[str]:
        first, _, rest = symbol.partition(" ")
        name = " ".join(part for part in (self.names.get(first, first), rest) if part)
        yield from laid_out(f"{before}check({json.dumps(name, ensure_ascii=False)}, {found}, ", value, ")")
