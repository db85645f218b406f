"""What a formula on a sheet may be about without any example: the catalogue's functions, a unit's weighted sum.

Each is made a program of a line or two out of the catalogue's own definitions, so that its formulas are
marked as those of an example are: at random points, with follow-through and slips.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from chainrule.derivation.derive import derive
from chainrule.derivation.network import Dense, Network
from chainrule.errors import InvalidInput
from chainrule.formulas.activations import ACTIVATIONS, Activation
from chainrule.formulas.expression import Constant, Expression, Symbol, substitute
from chainrule.formulas.losses import LOSSES, Loss
from chainrule.formulas.wordvectors import WORD_VECTORS
from chainrule.formulas.writing import text
from chainrule.working.document import Name
from chainrule.working.entries import Entry, Partial
from chainrule.working.program import Program, scalar_program
from chainrule.working.scalars import entry_tree
from chainrule.working.unfolding import Kind, ScalarLine

__all__ = ["Subject", "Vectors", "subject_of"]

SOME = Decimal("0.3")  # what stands for a letter; formulas are compared at points of their own
MOST_INPUTS = 9
TARGETS = ("y", "t")
PAIR_COST = ("J", "J_ij", "GloVe", "glove", "glove_pair_cost")
DIMENSIONS = 3


@dataclass(frozen=True)
class Vectors:
    """What a formula may call vectors, and which of them are mistaken for one another.

    entries:  name → keys of its entries;  alone: name → what else it stands for
    mistaken: name → names of others that may be written in its place; learnt: name → what it is a vector of
    """

    entries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    alone: Mapping[str, Expression] = field(default_factory=dict)
    mistaken: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    learnt: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Subject:
    """What a formula is about.

    about:  the same for what is marked together, such as a function and its slope; of_a_sum: a Σ goes before it
    key:    the line that is answered; names: key → what formulas call it
    number: whether a number answers it, as σ(0.87)
    vectors: what formulas may call vectors;  told: the right formula as it is written with them
    """

    about: str
    program: Program
    key: str
    names: Mapping[str, str]
    number: bool = False
    vectors: Vectors | None = None
    of_a_sum: bool = False
    told: str = ""

    def name(self, key: str) -> Name:
        """As a notation has it."""
        text = self.names.get(key, key.partition("@")[0])
        return Name(text, text, text)

    def shown(self, tree: Expression) -> Expression:
        """As a notation has it: unchanged."""
        return tree


def subject_of(name: str, formulas: Sequence[str]) -> Subject | None:
    """What a name is about, None for what only an example can tell.

    formulas: all that is written of it on the sheet, which shows how many inputs a unit has

    >>> subject_of("dσ/dx", []).program.lines[1]
    <∂a@1/∂z@1 = a@1 · (1 - a@1)>
    >>> subject_of("z", ["x1 w1 + x2 w2"]).program.lines[0]
    <z1[1,1]@1 = x[1,1]@1 · W1[1,1]@1 + x[1,2]@1 · W1[2,1]@1 + b1[1]@1>

    Raises UnknownName and InvalidInput for a function of the catalogue with arguments that it has not.
    """
    plain = re.sub(r"^([d∂]\s*/\s*[d∂]\w+)\s+", r"\1 ", name.strip())
    plain = re.sub(r"(?<![\w])\s+|\s+(?![\w])", "", plain)
    if plain in ("z", "z(x)"):
        return _unit(formulas)
    if plain in PAIR_COST:
        return _pair_cost()
    found = _called(plain)
    if found is None:
        return None
    function, arguments, slope = found
    if isinstance(function, Loss):
        return _loss(function, arguments, slope)
    return _activation(function, arguments, slope, formulas)


# --- which function ---------------------------------------------------------------------------------

_FORMS = (
    (r"[d∂]/[d∂](?P<x>[^\W\d]\w*) (?P<f>[^\W\d][\w-]*)\((?P<a>[^()]*)\)", True),
    (r"[d∂] ?(?P<f>[^\W\d][\w-]*?)(?:\((?P<a>[^()]*)\))?/[d∂](?P<x>[^\W\d]\w*)", True),
    (r"(?P<f>[^\W\d][\w-]*)['′’]\((?P<a>[^()]*)\)", True),
    (r"(?P<f>[^\W\d][\w-]*)\((?P<a>[^()]*)\)", False),
)


def _called(plain: str) -> tuple[Activation | Loss, list[str], bool] | None:
    """The function, its arguments, and whether its slope is meant."""
    for pattern, slope in _FORMS:
        found = re.fullmatch(pattern, plain)
        if found is None:
            continue
        stem = found["f"]
        stem = "sigmoid" if stem in ("σ", "sigma") else stem.lower().replace("-", "_")
        function: Activation | Loss | None = ACTIVATIONS.get(stem) or LOSSES.get(stem)
        if function is None:
            continue
        given = found["a"] or (found["x"] if "x" in found.groupdict() else "")
        return function, [part for part in given.split(",") if part], slope
    return None


def _activation(function: Activation, arguments: list[str], slope: bool, formulas: Sequence[str]) -> Subject:
    if not function.elementwise or function.slope is None:
        raise InvalidInput(
            f"{function.name} of one unit depends on the others of its layer: ask for its numbers in an example"
        )
    if len(arguments) != 1:
        raise InvalidInput(f"{function.name} has one argument, as in {function.name}(z)")
    z, a = Entry("z"), Entry("a")
    number = _number(arguments[0])
    bound: dict[str, Expression] = {"z": Symbol(z.key), "a": Symbol(a.key)}
    given: dict[str, Any] = {z.key: SOME if number is None else number}
    variable = arguments[0]
    names = {z.key: "z" if number is not None else variable}
    called = "σ" if function.name == "sigmoid" else function.name
    names[a.key] = f"{called}({variable})"
    partial = Partial(a, z)
    names[partial.key] = f"{called}'({variable})"
    letters = "".join(formulas)
    for parameter, value in function.parameters.items():
        key = Entry(parameter).key
        spelt = [parameter, {"alpha": "α", "beta": "β"}.get(parameter, parameter)]
        if any(each in letters for each in spelt):  # left as a letter where the formula has it
            bound[parameter], given[key] = Symbol(key), Decimal(repr(value))
        else:
            bound[parameter] = Constant(value)
    lines = (
        _line(a, substitute(function.definition.tree, bound), "activations"),
        ScalarLine(partial, substitute(function.slope.tree, bound), "backpropagation", "slopes", "", None),
    )
    key = partial.key if slope else a.key
    return Subject(f"{function.name}({variable})", _program(lines, given), key, names, number is not None)


def _loss(function: Loss, arguments: list[str], slope: bool) -> Subject:
    """The error of one output. The target is the argument called y or t, or else the second one."""
    if slope and len(arguments) == 1:
        arguments = [*arguments, next(each for each in TARGETS if each != arguments[0])]
    if len(arguments) != 2 or any(_number(each) is not None for each in arguments):
        raise InvalidInput(f"{function.name} has the output and the target, as in {function.name}(ŷ, y)")
    output, target = arguments if arguments[0] not in TARGETS else reversed(arguments)
    p, y, cost = Entry("a"), Entry("y"), Entry("C")
    bound: dict[str, Expression] = {"p": Symbol(p.key), "y": Symbol(y.key)}
    bound |= {name: Constant(value) for name, value in function.parameters.items()}
    partial = Partial(cost, p)
    lines = (
        _line(cost, substitute(function.value.tree, bound), "loss"),
        ScalarLine(partial, substitute(function.slope.tree, bound), "backpropagation", "slopes", "", None),
    )
    names = {p.key: output, y.key: target, cost.key: f"{function.name}({output}, {target})"}
    names[partial.key] = f"d{function.name}/d{output}"
    program = _program(lines, {p.key: SOME, y.key: Decimal(1)})
    return Subject(f"{function.name} {arguments}", program, (partial if slope else cost).key, names)


def _number(written: str) -> Decimal | None:
    plain = written.replace("−", "-")
    return Decimal(plain) if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", plain) else None


def _line(entry: Entry, tree: Expression, kind: Kind) -> ScalarLine:
    return ScalarLine(entry, tree, "loss" if kind == "loss" else "feedforward", kind, "", None)


def _program(lines: tuple[ScalarLine, ...], given: Mapping[str, Any]) -> Program:
    return Program(None, None, lines, given, ({}, {}), {}, "paths")


# --- a unit -----------------------------------------------------------------------------------------


def _unit(formulas: Sequence[str]) -> Subject:
    """z = x · w + b of one unit with as many inputs as its formula counts, or 2."""
    counted = [
        int(each) for text in formulas for each in re.findall(r"[xw]_?\{?([1-9])(?!\d)", _digits(text))
    ]
    inputs = min(max(counted, default=2), MOST_INPUTS)
    derivation = derive(Network(inputs, [Dense(1, "identity")]))
    values = {"x": [[SOME] * inputs], "W1": [[SOME]] * inputs, "b1": [SOME]}
    program = scalar_program(derivation, values)
    x = tuple(Entry("x", (1, place)).key for place in range(1, inputs + 1))
    w = tuple(Entry("W1", (place, 1)).key for place in range(1, inputs + 1))
    bias = Entry("b1", (1,)).key
    names = {
        key: f"{letter}{place}" for letter, keys in (("x", x), ("w", w)) for place, key in enumerate(keys, 1)
    }
    names |= {bias: "b", Entry("z1", (1, 1)).key: "z"}
    # The bias as the weight of a constant input, where it is said.
    alone: dict[str, Expression] = {"x0": Constant(1), "w0": Symbol(bias)}
    return Subject("z", program, Entry("z1", (1, 1)).key, names, vectors=Vectors({"x": x, "w": w}, alone))


def _digits(text: str) -> str:
    return text.translate(str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789"))


# --- GloVe ------------------------------------------------------------------------------------------


def _pair_cost() -> Subject:
    """GloVe's cost of a pair, f(X_ij) (w_i · w̃_j + b_i + b̃_j − ln X_ij)², vectors of a few dimensions."""
    vectors = {
        name: tuple(Entry(name, (place,)).key for place in range(1, DIMENSIONS + 1))
        for name in ("w_i", "w_j", "w\u0303_i", "w\u0303_j")
    }
    single = {name: Entry(name).key for name in ("b_i", "b_j", "b\u0303_i", "b\u0303_j", "X_ij", "f")}

    def entry(name: str, index: tuple[int, ...]) -> Expression:
        """What the catalogue calls w, w_tilde, b, b_tilde, x."""
        called = {"w": "w_i", "w_tilde": "w\u0303_j", "b": "b_i", "b_tilde": "b\u0303_j", "x": "X_ij"}[name]
        return Symbol(vectors[called][index[-1] - 1] if called in vectors else single[called])

    def shapes(name: str) -> tuple[int, ...]:
        return (1, DIMENSIONS) if name in ("w", "w_tilde") else ()

    predicted = WORD_VECTORS["glove_prediction"].definition.tree
    tree = _cost_of(entry_tree(predicted, (1, 1), shapes, entry), single)
    # With vectors of one dimension it looks as it is written with vectors.
    one = _cost_of(entry_tree(predicted, (1, 1), lambda name: (1,), entry), single)
    cost = Entry("J")
    given = {
        key: SOME for keys in (*vectors.values(), *((each,) for each in single.values())) for key in keys
    }
    names = {key: f"{name}[{place}]" for name, keys in vectors.items() for place, key in enumerate(keys, 1)}
    names |= {key: name for name, key in single.items()} | {cost.key: "J"}
    also = {"f(X_ij)": Symbol(single["f"]), "f(X)": Symbol(single["f"]), "X": Symbol(single["X_ij"])}
    also |= {"b": Symbol(single["b_i"]), "b\u0303": Symbol(single["b\u0303_j"])}
    entries = vectors | {"w": vectors["w_i"], "w\u0303": vectors["w\u0303_j"]}
    every = {**vectors, **{name: (key,) for name, key in single.items() if name[0] == "b"}}
    mistaken = {name: tuple(o for o in every if o != name and o[0] == name[0]) for name in every}
    learnt = {name: "context word" if "\u0303" in name else "word" for name in every}
    taken = Vectors({**entries}, also, mistaken, learnt)
    program = _program((_line(cost, tree, "other"),), given)
    plain = {keys[0]: name for name, keys in vectors.items()} | {key: name for name, key in single.items()}
    shown = text(one, lambda key: plain[key])
    return Subject("J", program, cost.key, names, vectors=taken, of_a_sum=True, told=shown)


def _cost_of(prediction: Expression, single: Mapping[str, str]) -> Expression:
    e = substitute(
        WORD_VECTORS["glove_error"].definition.tree, {"p": prediction, "x": Symbol(single["X_ij"])}
    )
    return substitute(WORD_VECTORS["glove_pair_cost"].definition.tree, {"f": Symbol(single["f"]), "e": e})
