"""Deriving a training step: feedforward, loss, back-propagation, update."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from chainrule.derivation import reasons
from chainrule.derivation.backpropagation import gradient_name, gradients
from chainrule.derivation.lines import Derivation, Line, Phase
from chainrule.derivation.network import Dense, Dropout, Network, Parameter
from chainrule.errors import ConfigError, ShapeMismatch
from chainrule.formulas import layers
from chainrule.formulas.definition import Definition
from chainrule.formulas.expression import Shape, broadcast, shape_of
from chainrule.formulas.losses import LOSSES, Loss
from chainrule.formulas.rules import RULES, Rule


def derive(
    network: Network,
    loss: str | Loss | None = None,
    rule: str | Rule | None = None,
    *,
    l2: float = 0.0,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    sample_weights: bool = False,
    class_weights: Sequence[float] | None = None,
    integer_targets: bool = False,
    fused: bool | None = None,
) -> Derivation:
    """Derive a training step as a list of lines; without a loss, the feedforward pass of prediction.

    l2:              λ of the penalty λ/2 · Σ W² over the weights, not the biases
    clip_norm:       the gradient's greatest length; clip_value: the greatest size of its entries
    sample_weights:  the loss is weighted by an input q (B, 1)
    class_weights:   a weight for each class (two for a single sigmoid output)
    integer_targets: y (B, 1) holds class numbers, made one-hot by a line of its own
    fused:           the loss in its stable form together with the output activation; by default wherever
                     the two belong together

    Raises ConfigError for settings that cannot go together.

    >>> d = derive(Network(2, [Dense(1, "sigmoid")]), "binary_crossentropy", "gradient_descent")
    >>> print(d["d1"].formula, "|", d["W1"].formula)
    d1 = (a1 - y) / rows(z1) | W1 ← W1 - η · dW1
    """
    if not isinstance(network, Network):
        raise ConfigError(f"a derivation is of a Network(inputs, layers), not of {network!r}")
    chosen_loss = LOSSES.find(loss) if loss is not None else None
    chosen_rule = RULES.find(rule) if rule is not None else None
    draft = _Draft(network)
    draft.feed_forward(training=chosen_loss is not None)
    is_fused = False
    if chosen_loss is not None:
        is_fused = _fuses(network, chosen_loss, fused)
        target = draft.targets(chosen_loss, integer_targets)
        weight = draft.weights(target, sample_weights, class_weights)
        seeds = draft.loss(chosen_loss, target, weight, is_fused, l2)
        if chosen_rule is None or chosen_rule.needs_gradient:
            draft.back_propagate(seeds)
    elif chosen_rule is not None:
        raise ConfigError("a learning rule needs a loss to learn from: give one, for example mse")
    if chosen_rule is not None:
        draft.update(chosen_rule, draft.clip(clip_norm, clip_value))
    return draft.finish(chosen_loss, chosen_rule, is_fused)


def _fuses(network: Network, loss: Loss, asked: bool | None) -> bool:
    output = network.dense[-1].activation
    last = output.name
    if output.range[0] < loss.domain[0] or output.range[1] > loss.domain[1]:
        raise ConfigError(
            f"{loss.name} takes outputs from {loss.domain[0]:g} to {loss.domain[1]:g}, which {last} may leave: "
            f"make the output layer {loss.output}, or choose another loss"
        )
    possible = loss.fused is not None and loss.output == last
    if asked and not possible:
        raise ConfigError(
            f"{loss.name} has no fused form with {last}: make the output {loss.output}, or leave fused out"
        )
    return possible if asked is None else asked


@dataclass
class _Draft:
    """A derivation in the making."""

    network: Network
    lines: list[Line] = field(default_factory=list)
    inputs: list[str] = field(default_factory=lambda: ["x"])
    constants: dict[str, float] = field(default_factory=dict)
    vectors: dict[str, tuple[float, ...]] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    state: dict[str, tuple[str, float]] = field(default_factory=dict)
    gradients: dict[str, str] = field(default_factory=dict)

    def write(
        self,
        phase: Phase,
        symbol: str,
        definition: Definition,
        arguments: Iterable[str],
        reason: str,
        of: str | None = None,
        through: str | None = None,
        incoming: str | None = None,
    ) -> Line:
        """Add a line; its shape follows from those of its arguments."""
        names = tuple(arguments)
        shape = shape_of(
            definition.tree,
            {a: self.shapes[name] for a, name in zip(definition.arguments, names, strict=True)},
        )
        line = Line(phase, symbol, definition, names, shape, reason, of, through, incoming)
        self.shapes.setdefault(symbol, shape)
        self.lines.append(line)
        return line

    def number(self, name: str, value: float) -> str:
        if name in self.shapes:
            raise ConfigError(
                f'"{name}" would stand for two things in one derivation: '
                "rename the parameter of your own activation or loss"
            )
        self.constants[name] = value
        self.shapes[name] = ()
        return name

    def free(self, name: str, owner: str) -> str:
        """A name for a parameter of a loss or rule: swish's β in layer 1 is β1 already, so Adam's is β1_adam."""
        return f"{name}_{owner}" if name in self.shapes else name

    def given(self, name: str, shape: Shape) -> str:
        if name not in self.inputs:
            self.inputs.append(name)
        self.shapes[name] = shape
        return name

    # --- feedforward --------------------------------------------------------------------------------

    def feed_forward(self, *, training: bool) -> None:
        count = len(self.network.dense)
        letters = ["I", *(["H"] if count == 2 else [f"H{n}" for n in range(1, count)]), "O"]
        self.sizes = dict(zip(letters, self.network.sizes, strict=True))
        self.shapes["x"] = ("B", "I")
        below, number = "x", 0
        for layer in self.network.layers:
            if isinstance(layer, Dense):
                number += 1
                below = self.dense(layer, number, below, letters[number - 1], letters[number])
            elif training and layer.rate > 0:
                below = self.dropout(layer, number, below)

    def dense(self, layer: Dense, number: int, below: str, fan_in: str, fan_out: str) -> str:
        names: dict[str, str] = {"x": below}
        for parameter in layer.parameters(number, self.sizes[fan_in]):
            letters: Shape = (fan_in, fan_out) if parameter.role == "weights" else (fan_out,)
            self.shapes[parameter.name] = (1,) if parameter.role == "activation" else letters
            names[parameter.name.removesuffix(str(number))] = parameter.name
        if "theta" in names:
            summed = layers.weighted_sum_less_threshold
        else:
            summed = layers.weighted_sum if "b" in names else layers.weighted_sum_without_bias
        reason = reasons.weighted_sum(number, summed)
        z = self.write(
            "feedforward", f"z{number}", summed, (names[a] for a in summed.arguments), reason
        ).symbol
        names["z"] = z
        entry = layer.activation
        for name, value in entry.parameters.items():
            if name not in entry.learnt:
                names[name] = self.number(f"{name}{number}", value)
        arguments = (names[a] for a in entry.definition.arguments)
        reason = reasons.activation(entry, last=number == len(self.network.dense))
        return self.write("feedforward", f"a{number}", entry.definition, arguments, reason).symbol

    def dropout(self, layer: Dropout, number: int, below: str) -> str:
        if f"u{number}" in self.shapes:
            raise ConfigError("two dropout layers in a row: make them one")
        key, t = self.given("key", ()), self.given("t", ())
        place = self.number(f"layer{number}", number)
        rate = self.number(f"rate{number}", layer.rate)
        self.write("feedforward", f"u{number}", layers.chance, (below, key, place, t), reasons.CHANCE)
        self.write("feedforward", f"m{number}", layers.keep, (f"u{number}", rate), reasons.mask(layer.rate))
        return self.write(
            "feedforward", f"h{number}", layers.drop, (below, f"m{number}"), reasons.DROP
        ).symbol

    @property
    def top(self) -> int:
        return len(self.network.dense)

    # --- loss ---------------------------------------------------------------------------------------

    def targets(self, loss: Loss, integer: bool) -> str:
        if not integer:
            return self.given("y", ("B", "O"))
        if loss.targets != "classes":
            raise ConfigError(f"class numbers need a loss over classes, not {loss.name}: use crossentropy")
        y = self.given("y", ("B", 1))
        return self.write("loss", "Y", layers.one_hot_targets, (y, f"z{self.top}"), reasons.ONE_HOT).symbol

    def weights(self, target: str, sample: bool, classes: Sequence[float] | None) -> str | None:
        if classes is None:
            return self.given("s", ("B", 1)) if sample else None
        q = (self.given("q", ("B", 1)),) if sample else ()
        outputs = self.network.outputs
        wanted = 2 if outputs == 1 else outputs
        if len(classes) != wanted:
            raise ConfigError(f"{wanted} classes need {wanted} class weights, not {len(classes)}")
        for value in classes:
            if not 0 <= value < float("inf"):
                raise ConfigError(f"a class weight must be at least 0 and finite, not {value}")
        if outputs == 1:
            pair = (self.number("v0", classes[0]), self.number("v1", classes[1]))
            made = layers.binary_class_and_sample_weight if sample else layers.binary_class_weight
            return self.write("loss", "s", made, (target, *pair, *q), reasons.CLASS_WEIGHT).symbol
        self.vectors["v"] = tuple(map(float, classes))
        self.shapes["v"] = (1, "O")
        made = layers.class_and_sample_weight if sample else layers.class_weight
        return self.write("loss", "s", made, (target, "v", *q), reasons.CLASS_WEIGHT).symbol

    def loss(self, loss: Loss, target: str, weight: str | None, fused: bool, l2: float) -> list[str]:
        made = loss.over(units=self.network.outputs, weighted=weight is not None, fused=fused)
        output = f"a{self.top}"
        names = {"p": output, "a": output, "z": f"z{self.top}", "y": target, "s": weight or ""}
        for name, value in loss.parameters.items():
            names[name] = self.number(self.free(name, loss.name), value)
        self.write("loss", "C", made, (names[a] for a in made.arguments), reasons.loss(loss, fused))
        weights = tuple(p.name for p in self.network.parameters if p.role == "weights" and not p.frozen)
        if not l2 or not weights:
            return ["C"]
        if not 0 < l2 < float("inf"):
            raise ConfigError(f"the L2 strength must be at least 0 and finite, not {l2}")
        self.number("lambda", l2)
        self.write("loss", "R", layers.l2_penalty(weights), ("lambda", *weights), reasons.PENALTY)
        self.write("loss", "J", layers.objective, ("C", "R"), reasons.OBJECTIVE)
        return ["R", "C"]

    # --- back-propagation ---------------------------------------------------------------------------

    @cached_property
    def parameters(self) -> dict[str, Parameter]:
        """The trained parameters by name."""
        return {p.name: p for p in self.network.parameters if not p.frozen}

    def back_propagate(self, seeds: list[str]) -> None:
        """Write the line of every gradient on the way from the loss to a trained parameter."""
        forward = [line for line in self.lines if line.phase in ("feedforward", "loss")]
        for found in gradients(forward, self.parameters, seeds):
            name = gradient_name(found.symbol)
            reason = reasons.gradient(found.symbol, found.through, penalised=found.shares > 1)
            self.write(
                "backpropagation",
                name,
                found.definition,
                found.arguments,
                reason,
                of=found.symbol,
                through=found.through,
                incoming=found.incoming,
            )
            if found.symbol in self.parameters:
                self.gradients[found.symbol] = name

    # --- update -------------------------------------------------------------------------------------

    def clip(self, norm: float | None, value: float | None) -> Mapping[str, str]:
        """Lines that bound the gradient; parameter → the symbol the rule is to use."""
        if norm is not None and value is not None:
            raise ConfigError("clip the gradient by norm or by value, not both: leave one out")
        limit = norm if norm is not None else value
        if limit is None or not self.gradients:
            return self.gradients
        if not 0 < limit < float("inf"):
            raise ConfigError(f"a clipping limit must be above 0 and finite, not {limit}")
        self.number("c", limit)
        bound, made = "c", layers.clip_by_value
        if norm is not None:
            raw = tuple(self.gradients.values())
            self.write("update", "n", layers.gradient_norm(raw), raw, reasons.NORM)
            self.write("update", "k", layers.norm_factor, ("n", "c"), reasons.FACTOR)
            bound, made = "k", layers.clip_by_norm
        clipped = {}
        for parameter, gradient in self.gradients.items():
            clipped[parameter] = f"c{gradient[1:]}"
            self.write(
                "update",
                clipped[parameter],
                made,
                (gradient, bound),
                reasons.clipped(parameter),
                of=parameter,
            )
        return clipped

    def update(self, rule: Rule, gradients: Mapping[str, str]) -> None:
        """The rule's assignments for each trained parameter, in order."""
        if not rule.needs_gradient:
            self.check_perceptron(rule)
        self.given("eta", ())
        self.given("t", ())
        below = {line.symbol: line.arguments[0] for line in self.lines if line.symbol.startswith("z")}
        settings = {
            name: self.number(self.free(name, rule.name), value)
            for name, value in rule.parameters.items()
            if name != "learning_rate"
        }
        for name, parameter in self.parameters.items():
            if rule.needs_gradient and name not in gradients:
                continue
            layer = parameter.layer
            names = {"w": name, "g": gradients.get(name, ""), "eta": "eta", "t": "t", "y": self.target}
            names |= {"x": below[f"z{layer}"], "y_hat": f"a{layer}", **settings}
            for kept, start in (rule.state or {}).items():
                names[kept] = f"{kept}_{name}"
                self.shapes[names[kept]] = self.shapes[name]
                self.state[names[kept]] = (name, start)
            by_role = {"weights": rule.assignments, "threshold": rule.on_threshold}
            for target, made in by_role.get(parameter.role, rule.on_bias):
                symbol = names.setdefault(target, f"{target}_{name}")
                arguments = (names.get(a, a) for a in made.arguments)
                reason = reasons.assignment(rule, target, name)
                try:
                    line = self.write("update", symbol, made, arguments, reason, of=name)
                    if target == "w" or target in (rule.state or {}):
                        self.check_stays(line.shape, self.shapes[name], name)
                except ShapeMismatch as error:
                    raise ShapeMismatch(
                        f"the rule {rule.name} cannot update {name}: {error}: "
                        "give the rule assignments for biases (on_bias), or change this one"
                    ) from None

    @staticmethod
    def check_stays(found: Shape, own: Shape, name: str) -> None:
        """An update that gives a parameter, or its state, another shape would be written beyond its end."""
        if broadcast(found, own) != own:
            raise ShapeMismatch(f"its new value would have shape {found}, and {name} has {own}")

    def check_perceptron(self, rule: Rule) -> None:
        if self.top != 1 or self.network.dense[0].activation.name != "step":
            raise ConfigError(
                f"the {rule.name} rule trains a single layer of step units: "
                "use one Dense layer with the step activation, or another rule"
            )

    @property
    def target(self) -> str:
        return "Y" if "Y" in self.shapes else "y"

    def finish(self, loss: Loss | None, rule: Rule | None, fused: bool) -> Derivation:
        return Derivation(
            self.network,
            loss,
            rule,
            tuple(self.lines),
            tuple(self.inputs),
            self.constants,
            self.vectors,
            self.shapes,
            self.sizes,
            self.state,
            self.gradients,
            fused,
        )
