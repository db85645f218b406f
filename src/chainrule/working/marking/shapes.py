"""Shapes of an example's matrices and numbers of its parameters, with the slips that people make in them."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from chainrule.derivation.lines import Derivation
from chainrule.errors import ConfigError, InvalidInput, unknown
from chainrule.working.marking.answers import Candidate, Marked
from chainrule.working.marking.claims import Claim, told, wrong
from chainrule.working.scalars import Sizes

__all__ = ["Shapes", "is_shape", "mark_count", "mark_shape", "read_shape", "written"]

MOST_NAMED = 3
_SHAPE = re.compile(r"[(\[]?\s*(\d{1,6})\s*(?:(?:[×xX*·,;]|by|\\times)\s*(\d{1,6})?\s*)?[)\]]?")


def read_shape(text: str) -> tuple[int, ...]:
    """A shape as people write it: 2×3, 2 x 3, (2, 3), [2,3], 2 by 3; one number alone, or (3,), is a list of them.

    >>> read_shape("2 × 3"), read_shape("(2, 3)"), read_shape("3")
    ((2, 3), (2, 3), (3,))

    Raises InvalidInput for anything else.
    """
    found = _SHAPE.fullmatch(text.strip().replace("R^", "").replace("ℝ^", "").strip("{}$ "))
    if found is None:
        raise InvalidInput(f'"{text}" is no shape: write rows × columns, such as 2 × 3')
    return tuple(int(size) for size in found.groups() if size)


def is_shape(text: str) -> bool:
    """Whether a text is a shape of two sizes."""
    try:
        return len(read_shape(text)) == 2
    except InvalidInput:
        return False


def written(shape: tuple[int, ...]) -> str:
    """A shape as it is told.

    >>> written((2, 3))
    '2 × 3'
    """
    return " × ".join(map(str, shape))


@dataclass(frozen=True, eq=False)
class Shapes:
    """The shapes of a derivation's symbols as somebody lays them out.

    columns: whether vectors are columns: each sample a column of the batch, and every matrix turned over
    """

    derivation: Derivation
    samples: int
    columns: bool = False

    @cached_property
    def sizes(self) -> Sizes:
        """With their numbers."""
        return Sizes(self.derivation, self.samples)

    @cached_property
    def symbols(self) -> list[str]:
        """What has a shape: inputs, parameters, sums, activations, gradients, in the order of the calculation."""
        lines = [line.symbol for line in self.derivation if line.phase in ("feedforward", "backpropagation")]
        parameters = [p.name for p in self.derivation.network.parameters]
        found = dict.fromkeys(["x", *parameters, *lines])
        return [symbol for symbol in found if 1 <= len(self.derivation.shapes[symbol]) <= 2]

    def shape(self, symbol: str) -> tuple[int, int]:
        """Rows and columns; a list of numbers lies as the vectors do."""
        shape = self.sizes.shape(symbol)
        rows, columns = shape if len(shape) == 2 else (1, *shape)
        return (columns, rows) if self.columns else (rows, columns)

    def is_list(self, symbol: str) -> bool:
        """Whether it has one number for each unit, as a bias has, and so may be told by their number."""
        return len(self.derivation.shapes[symbol]) == 1

    def symbol(self, name: str) -> str:
        """The symbol that a person means: W1, W², W^[1], ∂C/∂W1, dW1. Raises UnknownName."""
        plain = _plain(name)
        gradients = {
            line.of: line.symbol
            for line in self.derivation.phase("backpropagation")
            if line.of is not None and line.symbol in self.symbols
        }
        known = {_plain(symbol): symbol for symbol in self.symbols}
        found = re.fullmatch(r"[∂d][a-zA-Z]*/[∂d](.+)", plain)
        if found is not None:
            of = known.get(found[1]) or known.get(f"{found[1]}1")
            if of in gradients:
                return gradients[of]
        for each in (plain, plain.lower(), plain[:1].upper() + plain[1:]):
            if each in known:
                return known[each]
            if len(self.derivation.network.dense) == 1 and f"{each}1" in known:
                return known[f"{each}1"]
        raise unknown("matrix", name, self.symbols)


def _plain(name: str) -> str:
    return re.sub(r"[\s^_{}\[\]()]", "", unicodedata.normalize("NFKC", name)).replace("δ", "d")


# --- shapes -----------------------------------------------------------------------------------------


def mark_shape(claim: Claim, shapes: Shapes) -> Marked:
    """A stated shape. Raises ConfigError with the place for what cannot be read."""
    try:
        symbol = shapes.symbol(claim.subject)
        stated = read_shape(claim.answer.written)
    except InvalidInput as error:
        raise ConfigError(f"{claim.answer.where}: {error}") from None
    right = shapes.shape(symbol)
    if stated == right or (shapes.is_list(symbol) and stated == (max(right),) == shapes.sizes.shape(symbol)):
        return Marked(claim.answer, written(right), "exact")
    return wrong(claim.answer, written(right), list(_shape_slips(symbol, stated, shapes)))


def _shape_slips(symbol: str, stated: tuple[int, ...], shapes: Shapes) -> Iterator[Candidate]:
    rows, columns = right = shapes.shape(symbol)
    if stated == (columns, rows):
        how = "z = W x + b, samples are columns" if shapes.columns else "z = x W + b, samples are rows"
        yield told(f"transposed: here {how}", "transposed")
    units = rows if shapes.columns else columns
    if shapes.sizes.per_sample(symbol) and stated in ((units,), (1, units), (units, 1)):
        yield told(
            f"the batch left out: it has {shapes.samples} sample{'s' * (shapes.samples != 1)}",
            "batch-left-out",
        )
    elif stated == (rows * columns,):
        yield told("the number of its entries, not its shape", "entries")
    turned = symbol.removeprefix("d").startswith("W")
    if turned and stated in ((rows + 1, columns), (rows, columns + 1)):
        yield told("the bias counted in", "bias-counted")
    if turned and sorted(stated) != sorted(right) and stated == (shapes.samples, units):
        yield told("the shape of what it makes of the batch", "batch")
    same = [each for each in shapes.symbols if shapes.shape(each) == stated]
    kin = [each for each in same if each.rstrip("0123456789") == symbol.rstrip("0123456789")]
    if same and stated != (columns, rows):
        named = (kin or same)[:MOST_NAMED]
        yield told(f"the shape of {' and '.join(named)}", "another-matrix")
    turned_kin = [
        each
        for each in shapes.symbols
        if each.rstrip("0123456789") == symbol.rstrip("0123456789") and shapes.shape(each)[::-1] == stated
    ]
    if not same and turned_kin and stated != (columns, rows):
        yield told(f"the shape of {turned_kin[0]}, transposed", "another-matrix")


# --- counts -----------------------------------------------------------------------------------------


def mark_count(claim: Claim, shapes: Shapes) -> Marked:
    """A stated number of parameters, weights, units, …. Raises ConfigError with the place."""
    where = claim.answer.where
    try:
        right = _count(claim.subject, shapes)
    except InvalidInput as error:
        raise ConfigError(f"{where}: {error}") from None
    text = claim.answer.written.replace(" ", "").replace("\u202f", "")
    if re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+", text):
        text = text.replace(",", "")
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ConfigError(f'{where}: "{claim.answer.written}" is no count: write a whole number')
    if int(text) == right:
        return Marked(claim.answer, str(right), "exact")
    slips = {told(words, kind): value for words, kind, value in _count_slips(claim.subject, shapes)}
    return wrong(claim.answer, str(right), [each for each, value in slips.items() if value == int(text)])


_COUNTED = {
    "parameters": ("weights", "bias", "threshold"),
    "weights": ("weights",),
    "biases": ("bias",),
}


def _parts(subject: str) -> tuple[str, int]:
    """What is counted, and in which layer (0 for all)."""
    plain = " ".join(re.sub(r"\b(trainable|all|the|its)\b", " ", subject.lower()).split())
    plain = re.sub(r"^hidden (units|neurons|nodes)$", "hidden units", plain)
    found = re.fullmatch(r"(\w+)(?: (?:of|in) layer (\d+))?", plain)
    if found is None:
        return plain, 0
    return found[1], int(found[2] or 0)


def _count(subject: str, shapes: Shapes) -> int:
    network = shapes.derivation.network
    what, layer = _parts(subject)
    entries = re.fullmatch(r"(?:entries|numbers) (?:of|in) (.+)", subject.strip(), re.IGNORECASE)
    if entries is not None:
        return math.prod(shapes.shape(shapes.symbol(entries[1])))
    if layer > len(network.dense):
        raise InvalidInput(f"there is no layer {layer}: the network has {len(network.dense)}")
    if what in _COUNTED:
        return sum(
            p.size for p in network.parameters if p.role in _COUNTED[what] and layer in (0, p.layer)
        ) + (0 if what != "parameters" else _learnt(shapes, layer))
    if what in ("units", "neurons", "nodes"):
        return network.sizes[layer] if layer else sum(network.sizes[1:])
    plain = {
        "inputs": network.inputs,
        "outputs": network.outputs,
        "hidden units": sum(network.sizes[1:-1]),
        "layers": len(network.dense),
        "samples": shapes.samples,
    }
    if what in plain and not layer:
        return plain[what]
    choices = [*_COUNTED, "units", *plain, "parameters of layer 1", "entries of W1"]
    raise unknown("count", subject, choices)


def _learnt(shapes: Shapes, layer: int) -> int:
    """Parameters that are neither weights nor biases, such as a PReLU's α."""
    known = {role for roles in _COUNTED.values() for role in roles}
    rest = [p for p in shapes.derivation.network.parameters if p.role not in known]
    return sum(p.size for p in rest if layer in (0, p.layer))


def _count_slips(subject: str, shapes: Shapes) -> Iterator[tuple[str, str, int]]:
    """Words, kind, and what is counted then."""
    network = shapes.derivation.network
    what, layer = _parts(subject)
    if what == "layers":
        yield (
            "the inputs counted as a layer: they calculate nothing",
            "inputs-counted",
            len(network.dense) + 1,
        )
        yield "hidden layers alone", "layer-left-out", len(network.dense) - 1
    if what in ("units", "neurons", "nodes") and not layer:
        yield "the inputs counted as units: they calculate nothing", "inputs-counted", sum(network.sizes)
        yield "hidden units alone", "layer-left-out", sum(network.sizes[1:-1])
    if what not in _COUNTED:
        return
    layers = [layer] if layer else list(range(1, len(network.dense) + 1))
    pairs = [(network.sizes[each - 1], network.sizes[each]) for each in layers]
    biases = sum(p.size for p in network.parameters if p.role == "bias" and p.layer in layers)
    right = _count(subject, shapes)
    if what == "parameters" and biases:
        yield "biases forgotten", "bias", right - biases
        if not layer and len(layers) > 1:
            yield "the output layer's biases forgotten", "bias", right - network.outputs
        yield "one bias for each layer, not for each unit", "bias", right - biases + len(layers)
        yield "the inputs given biases, too", "bias", right + network.inputs
    if what == "weights" and biases:
        yield "the biases counted in", "bias", right + biases
    if what == "parameters" and not biases:
        yield "biases counted that this network has not", "bias", right + sum(out for _, out in pairs)
    rest = biases if what == "parameters" else 0
    yield "inputs and units added, not multiplied", "sum-for-product", sum(map(sum, pairs)) + rest
    if len(layers) > 1:
        for each in layers:
            own = _count(f"{what} of layer {each}", shapes)
            yield f"layer {each} alone", "layer-left-out", own
            yield f"layer {each} left out", "layer-left-out", right - own
    yield "the gradients or the update counted again", "twice", 2 * right
    if shapes.samples > 1:
        yield "multiplied by the number of samples", "batch", shapes.samples * right
