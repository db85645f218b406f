"""What a notation calls the quantities of a program, and which quantity a written name means."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from chainrule.derivation.lines import Derivation
from chainrule.formulas.expression import Apply, Constant, Expression, Symbol, substitute, symbols_in
from chainrule.formulas.vocabulary import multiply
from chainrule.working.document import Name
from chainrule.working.entries import Entry, Partial, Quantity, quantity
from chainrule.working.names.notation import Notation, read_notation
from chainrule.working.names.spellings import Spellings
from chainrule.working.names.templates import Parts, filled, fraction, parts_of
from chainrule.working.program import Lines

__all__ = ["Namer", "namer"]

_OWN = "chainrule"


def namer(notation: Notation | str, program: Lines) -> Namer:
    """The names of a program's quantities in a notation, or in the notation of that name."""
    return Namer(read_notation(notation), program)


class Namer:
    """The names of a program's quantities in a notation.

    A number that training changes has one name in all passes. The gradient of the loss is a derivative,
    ∂C/∂w5. The index of the sample is left out where there is one sample only.
    """

    def __init__(self, notation: Notation, program: Lines) -> None:
        self.notation = notation
        self.program = program
        self._names: dict[str, Name] = {}
        self._templates: dict[str, str] = {}
        self._others: dict[str, list[str]] = {}

    def name(self, key: str) -> Name:
        """The name of the quantity with this key, as text, LaTeX and MathML."""
        if key not in self._names:
            self._names[key] = self._name_of(quantity(key))
        return self._names[key]

    def parse(self, written: str, number: int = 1) -> Quantity:
        """The quantity that a person means: "w5", "∂C/∂w5", "dC/dw5", "dw5", "o1", "z1@2", "W2[1,1]".

        number: the pass it is meant in, unless the name says otherwise ("z1@2", "z1 (2)"). A parameter is
                meant as that pass leaves it; pass 0 leaves what is given.

        Raises UnknownName for a name of nothing here; InvalidInput for one of several things.
        """
        return self._spellings.parse(written, number)

    def is_name(self, written: str) -> bool:
        """Whether this is, capitals and all, a name of one entry; spaces and underscores may be left out."""
        return self._spellings.is_name(written)

    def shown(self, tree: Expression) -> Expression:
        """A formula over keys as it is shown: the bias as the weight of an input 1, if the notation says so."""
        if self.notation.bias == "bias" or self.derivation is None:
            return tree
        biases = {p.name for p in self.derivation.network.parameters if p.role == "bias"}
        known = (name for name in symbols_in(tree) if _symbol(name) in biases)
        return substitute(tree, {name: Apply.of(multiply, Constant(1), Symbol(name)) for name in known})

    def lettered(self, symbol: str, places: tuple[str, ...]) -> Name:
        """The name of an entry whose places are letters (or numbers): w_ij for W1[i,j].

        Where the notation numbers all weights or units in a row, the letters stand in place of the number;
        if it does so over several layers, the entry has its own symbol, W2[j,1], which tells the layer.
        """
        if not places:
            return self.parts(symbol, ()).name
        if all(place.isdigit() for place in places):
            return self._name_of(Entry(symbol, tuple(map(int, places))))
        pair = len(places) == 2 and not self._per_sample(symbol)
        template = self._own(symbol) if self._is_shared(symbol) else self._template(symbol)
        template = template.replace("{number}", "{i}{j}" if pair else "{k}")
        template = template.replace("{unit}", "{k}")
        letters = dict.fromkeys(("i", "j", "k", "n"), places[-1])
        letters |= {"i": places[0]} if pair else {"n": places[0]}
        one = self.samples == 1 and not self.notation.samples
        made = filled(template, letters, one_sample=one, longest=self._longest)
        if self._per_sample(symbol) and not one and "{n}" not in template:
            made = made.with_sample(letters["n"])
        return made.name

    # --- one name -----------------------------------------------------------------------------------

    def _name_of(self, found: Quantity) -> Name:
        if isinstance(found, Partial):
            above, below = self._name_of(found.of), self._name_of(found.wrt)
            return fraction(above, below, ordinary=self.derivation is None)
        of = self.gradients.get(found.symbol)
        if of is not None:
            return fraction(self._loss(of), self._name_of(Entry(of, found.index)))
        return self.parts(found.symbol, found.index).name

    def _loss(self, of: str) -> Name:
        penalised = self.derivation is not None and "J" in self.derivation.shapes
        trained = self.derivation is not None and of in self.derivation.gradients
        return self.parts("J" if penalised and trained else "C", ()).name

    @cached_property
    def gradients(self) -> Mapping[str, str]:
        """The symbol of a gradient of the loss → the symbol that it is the gradient of."""
        if self.derivation is None:
            return {}
        lines = self.derivation.phase("backpropagation")
        return {line.symbol: line.of for line in lines if line.of is not None}

    @property
    def derivation(self) -> Derivation | None:
        """The program's derivation, if it has one."""
        return self.program.derivation

    def parts(self, symbol: str, index: tuple[int, ...], *, own: bool = False) -> Parts:
        """The name of an entry that is no derivative, taken apart; own: in the symbols of the derivation."""
        kept = self._kept_for(symbol)
        if kept is not None and not own:
            prefix, parameter = kept
            return Parts(prefix, below=self.parts(parameter, index).text)
        template = self._own(symbol) if own else self._template(symbol)
        return self._filled(template, symbol, index)

    def alternatives(self, symbol: str, index: tuple[int, ...]) -> list[Parts]:
        """The other names of an entry that the notation understands."""
        if symbol not in self._others:
            others = self._stated(symbol)[1:]
            self._others[symbol] = [each for each in others if self._tells_apart(each, symbol)]
        return [self._filled(template, symbol, index) for template in self._others[symbol]]

    def _filled(self, template: str, symbol: str, index: tuple[int, ...]) -> Parts:
        if not index:
            return parts_of(template)
        places = self._places(symbol, index)
        one = self.samples == 1 and not self.notation.samples
        made = filled(template, places, one_sample=one, longest=self._longest)
        if self._per_sample(symbol) and not one and "{n}" not in template:
            return made.with_sample(places["n"])
        return made

    def _kept_for(self, symbol: str) -> tuple[str, str] | None:
        """For what a rule keeps for a parameter, m_W1, or its clipped gradient, cW1: the letter and the parameter."""
        if symbol in self._offsets:
            return None
        prefix, parameter = (symbol[:1], symbol[1:]) if symbol[:1] == "c" else ("", "")
        if "_" in symbol:
            prefix, _, parameter = symbol.rpartition("_")
        return (prefix, parameter) if parameter in self._offsets else None

    # --- templates ----------------------------------------------------------------------------------

    def _template(self, symbol: str) -> str:
        if symbol not in self._templates:
            stated = self._stated(symbol)
            fits = stated and self._tells_apart(stated[0], symbol)
            self._templates[symbol] = stated[0] if fits else self._own(symbol)
        return self._templates[symbol]

    def _stated(self, symbol: str, notation: Notation | None = None) -> tuple[str, ...]:
        if self.derivation is None or symbol not in self.derivation.shapes:
            return ()
        network = self.derivation.network
        used = notation or self.notation
        found = used.templates(symbol, len(network.dense), network.outputs)
        layer = _layer(symbol)
        return tuple(template.replace("{l}", str(layer)) for template in found)

    def _own(self, symbol: str) -> str:
        """The template in the symbols of the derivation."""
        stated = self._stated(symbol, read_notation(_OWN))
        if stated:
            return stated[0]
        if self.derivation is None or not (shape := self.derivation.shapes.get(symbol)):
            return symbol
        letters = ["k"] if len(shape) == 1 else ["n", "k"] if shape[0] == "B" else ["i", "j"]
        return f"{symbol}[{','.join(f'{{{letter}}}' for letter in letters)}]"

    def _tells_apart(self, template: str, symbol: str) -> bool:
        """Whether no two entries of the network would get the same name."""
        derivation = self.derivation
        assert derivation is not None
        shape = self.program.sizes.shape(symbol) if self.program.sizes else ()
        if not shape or "{number}" in template or "{unit}" in template:
            return True
        if self._per_sample(symbol) or len(shape) == 1:
            telling = shape[-1] == 1 or "{k}" in template or "{j}" in template
        else:
            telling = all(
                size == 1 or place in template for size, place in zip(shape, ("{i}", "{j}"), strict=True)
            )
        others = [
            each
            for each, sizes in derivation.shapes.items()
            if each != symbol
            and (self._stated(each)[:1] == (template,) if _layer(each) else not sizes and each == template)
        ]
        return telling and not others

    def _is_shared(self, symbol: str) -> bool:
        """Whether other layers have the same template, told apart by running numbers only."""
        template = self._template(symbol)
        if self.derivation is None or not ("{number}" in template or "{unit}" in template):
            return False
        return any(each != symbol and self._template(each) == template for each in self.derivation.shapes)

    # --- places -------------------------------------------------------------------------------------

    def _places(self, symbol: str, index: tuple[int, ...]) -> dict[str, int]:
        base = self.notation.base - 1
        places = dict.fromkeys(("i", "j", "k", "n", "number", "unit"), 1 + base)
        offset, width = self._offsets.get(symbol, (0, 0))
        units = self._units_before(symbol)
        if len(index) == 2 and not self._per_sample(symbol):
            i, j = index
            places |= {"i": i + base, "j": j + base, "number": offset + (i - 1) * width + j + base}
            return places
        k = index[-1]
        places |= {"k": k + base, "j": k + base, "unit": units + k + base, "number": offset + k + base}
        if len(index) == 2:
            places["n"] = index[0] + base
        return places

    @cached_property
    def _offsets(self) -> dict[str, tuple[int, int]]:
        """Parameter → how many weights come before it, and how many columns it has."""
        found: dict[str, tuple[int, int]] = {}
        before = 0
        for parameter in self.derivation.network.parameters if self.derivation else ():
            found[parameter.name] = (before, parameter.shape[-1])
            before += parameter.size if parameter.role == "weights" else 0
        return found

    def _units_before(self, symbol: str) -> int:
        layer = _layer(symbol)
        return sum(self.derivation.network.sizes[1:layer]) if self.derivation and layer else 0

    def _per_sample(self, symbol: str) -> bool:
        return self.program.sizes is not None and self.program.sizes.per_sample(symbol)

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return self.program.sizes.samples if self.program.sizes else 1

    @cached_property
    def _longest(self) -> int:
        return max(self.derivation.network.sizes) if self.derivation else 1

    @cached_property
    def _spellings(self) -> Spellings:
        return Spellings(self)


def _layer(symbol: str) -> int:
    """The layer that a symbol ends with the number of; 0 for none."""
    digits = symbol[len(symbol.rstrip("0123456789")) :]
    return int(digits) if digits else 0


def _symbol(key: str) -> str:
    found = quantity(key)
    return found.symbol if isinstance(found, Entry) else ""
