"""A derivation bound to buffers: each line becomes calls of NumPy functions that write in place.

Built once for a batch size and dtype, then run for every step: no tree is walked and, where it can be
avoided, nothing is allocated. Numbers of shape () stay Python floats (float64) until they meet an array.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from chainrule.derivation.lines import Derivation, Line
from chainrule.engines.arrays import Array, numpy_spelling, uniform
from chainrule.engines.sparse import SparseBatch, check_products_only
from chainrule.errors import ConfigError
from chainrule.formulas.expression import Apply, Constant, Expression, Shape, Symbol, walk

Instruction = tuple[Callable[..., Any], tuple[Any, ...]]
# Names of flat arrays that no rule's own state can have.
PARAMETERS, GRADIENTS, CLIPPED = "the parameters", "the gradients", "the clipped gradients"
_TRUTH = {"greater", "greater_equal", "less", "less_equal", "equal"}


def aligned_zeros(shape: tuple[int, ...], dtype: Any) -> Array:
    """An array of zeros that begins at a multiple of 64 bytes, as vector instructions like it."""
    made = np.dtype(dtype)
    size = int(np.prod(shape)) * made.itemsize
    room = np.zeros(size + 64, np.uint8)
    start = -room.ctypes.data % 64
    array: Array = room[start : start + size].view(made).reshape(shape)
    return array


class Arena:
    """Parameters, gradients and rule state, each kind in one flat array; by symbol, views of them.

    given: parameters that are only read; they are used where they lie, and there is no flat array then
    """

    def __init__(
        self, derivation: Derivation, dtype: np.dtype[Any], given: Mapping[str, Any] | None = None
    ) -> None:
        self.dtype = dtype
        self.flat: dict[str, Array] = {}
        self.views: dict[str, Array] = {}
        if given is not None:
            for p in derivation.network.parameters:
                self.views[p.name] = np.asarray(given[p.name], dtype)
            return
        self.segments: dict[int, slice] = {}
        trained = derivation.trained
        self.size = sum(p.size for p in trained)
        self.places: dict[str, tuple[slice, tuple[int, ...]]] = {}
        at = 0
        for p in trained:
            self.places[p.name] = (slice(at, at + p.size), p.shape)
            first = self.segments.get(p.layer, slice(at, at)).start
            at += p.size
            self.segments[p.layer] = slice(first, at)
        self.family(PARAMETERS, {p.name: p.name for p in trained})
        self.family(GRADIENTS, {gradient: name for name, gradient in derivation.gradients.items()})
        for p in derivation.network.parameters:
            if p.frozen:
                self.views[p.name] = np.zeros(p.shape, dtype)
        kept: dict[str, dict[str, str]] = defaultdict(dict)
        for symbol, (parameter, _) in derivation.state.items():
            kept[symbol.removesuffix(f"_{parameter}")][symbol] = parameter
        for name, members in kept.items():
            self.family(name, members)
        for symbol, (_, start) in derivation.state.items():
            self.views[symbol].fill(start)

    def family(self, name: str, members: Mapping[str, str]) -> Array:
        """A flat array with a view for each symbol, laid out as the parameters they belong to."""
        if name not in self.flat:
            self.flat[name] = aligned_zeros((self.size,), self.dtype)
        for symbol, parameter in members.items():
            place, shape = self.places[parameter]
            self.views[symbol] = self.flat[name][place].reshape(shape)
        return self.flat[name]


class Program:
    """The lines of a derivation as instructions on buffers for batches of `rows` samples.

    buffers: symbol → its array; scalars: symbol → where its number is kept in `numbers`
    batch:   what stands for x instead of an array, where x is sparse
    """

    def __init__(self, derivation: Derivation, arena: Arena, rows: int, *, sparse: bool = False) -> None:
        self.derivation = derivation
        self.arena = arena
        self.rows = rows
        self.buffers: dict[str, Array] = dict(arena.views)
        self.numbers: list[Any] = []
        self.scalars: dict[str, int] = {}
        self._pool: dict[tuple[tuple[int, ...], Any], list[Array]] = defaultdict(list)
        self._known: dict[Expression, int] = {}
        self._constants: dict[float, Array] = {}
        self.batch: SparseBatch | None = None
        if sparse:
            check_products_only(derivation)
            self.batch = SparseBatch(self._lengths(derivation.shapes["x"]))
        self._bind_inputs()
        learning = [line for line in derivation.lines if line.phase != "update"]
        self.compute = self._lower(learning, {})
        self.update = self._lower(*self._fused_update(derivation.phase("update")))

    def run(self, instructions: list[Instruction]) -> None:
        """Carry out instructions; NumPy's own warnings are the caller's to silence."""
        for function, arguments in instructions:
            function(*arguments)

    def number(self, symbol: str) -> float:
        """The present value of a symbol of shape ()."""
        return float(self.numbers[self.scalars[symbol]])

    def give(self, symbol: str, value: float) -> None:
        """Set an input of shape ()."""
        self.numbers[self.scalars[symbol]] = value

    # --- binding ------------------------------------------------------------------------------------

    def _lengths(self, shape: Shape) -> tuple[int, ...]:
        sizes = {**self.derivation.sizes, "B": self.rows}
        return tuple(sizes[s] if isinstance(s, str) else s for s in shape)

    def _bind_inputs(self) -> None:
        for name in self.derivation.inputs:
            shape = self.derivation.shapes[name]
            if shape == ():
                self.scalars[name] = self._slot(0)
            elif name == "x" and self.batch is not None:
                continue
            else:
                whole = name == "y" and "Y" in self.derivation.shapes
                dtype = np.int64 if whole else self.arena.dtype
                self.buffers[name] = np.zeros(self._lengths(shape), dtype)
        for name, values in self.derivation.vectors.items():
            self.buffers[name] = np.array([values], self.arena.dtype)

    def _fused_update(self, lines: tuple[Line, ...]) -> tuple[list[Line], dict[str, Array]]:
        """The update of one parameter, standing for all, over the flat arrays, where all are alike."""
        names = [p.name for p in self.derivation.trained]
        by_name = {name: [line for line in lines if line.of == name] for name in names}
        self._allocate_update(lines)
        first = by_name[names[0]] if names else []
        alike = all(
            [roles_of(line) for line in by_name[name]] == [roles_of(line) for line in first] for name in names
        )
        # Truths and single numbers have no place in the flat arrays.
        if not alike or any(
            is_truth(line) or not line.shape or not is_elementwise(line.tree) for line in first
        ):
            return list(lines), {}
        whole = {line.symbol: self.arena.flat[family_of(line)] for line in first}
        for line in first:
            for argument, symbol in zip(line.definition.arguments, line.arguments, strict=True):
                if symbol not in whole and symbol in self.buffers:
                    whole[symbol] = self.arena.flat[{"g": GRADIENTS, "w": PARAMETERS}.get(argument, argument)]
        return [line for line in lines if line.of in (None, names[0] if names else None)], whole

    def _allocate_update(self, lines: tuple[Line, ...]) -> None:
        """Room for what the update computes on its way (m̂, the clipped gradient, …)."""
        for line in lines:
            if line.of is not None and line.shape and line.symbol not in self.buffers:
                if is_truth(line):
                    self.buffers[line.symbol] = np.zeros(self._lengths(line.shape), bool)
                else:
                    self.arena.family(family_of(line), {line.symbol: line.of})
                    self.buffers[line.symbol] = self.arena.views[line.symbol]

    # --- lowering -----------------------------------------------------------------------------------

    def _lower(self, lines: Iterable[Line], whole: Mapping[str, Array]) -> list[Instruction]:
        made: list[Instruction] = []
        for line in lines:
            # A line of no one parameter (the gradient's norm) sees each array by itself.
            _LineLowering(self, line, whole if line.of is not None else {}, made).lower()
        return made

    def _slot(self, value: Any) -> int:
        self.numbers.append(value)
        return len(self.numbers) - 1

    def _cell(self, value: float) -> Array:
        """A constant as an array of shape () in the program's dtype."""
        if value not in self._constants:
            self._constants[value] = np.array(value, self.arena.dtype)
        return self._constants[value]


class _Slot(int):
    """A place in a program's `numbers`."""


class _LineLowering:
    """One line on its way to instructions."""

    def __init__(
        self, program: Program, line: Line, whole: Mapping[str, Array], made: list[Instruction]
    ) -> None:
        self.program = program
        self.line = line
        self.whole = whole
        self.made = made
        self.done: dict[Expression, Any] = {}
        self.borrowed: dict[int, Array] = {}
        self.uses: dict[Expression, int] = defaultdict(int)

    def lower(self) -> None:
        program, line = self.program, self.line
        nodes = list(walk(line.tree))
        for node in nodes:
            for argument in node.arguments if isinstance(node, Apply) else ():
                self.uses[argument] += 1
        for node in nodes:
            self.done[node] = self._node(node, root=node is line.tree)
        result = self.done[line.tree]
        if isinstance(result, (_Slot, float, int)):
            slot = result if isinstance(result, _Slot) else program._slot(result)
            program.scalars[line.symbol] = slot
        else:
            target = self._target()
            self.borrowed.pop(id(result), None)
            if target is None:
                program.buffers[line.symbol] = result
            elif result is not target:
                self.made.append((np.copyto, (target, result)))
        for array in self.borrowed.values():
            program._pool[(array.shape, array.dtype)].append(array)

    def _target(self) -> Array | None:
        """Where the line's result belongs, if it has a place already."""
        return self.whole.get(self.line.symbol, self.program.buffers.get(self.line.symbol))

    def _node(self, node: Expression, *, root: bool) -> Any:
        program = self.program
        if isinstance(node, Symbol):
            if node.name in self.whole:
                return self.whole[node.name]
            if node.name in program.derivation.constants:
                return float(program.derivation.constants[node.name])
            if node.name == "x" and program.batch is not None:
                return program.batch
            found = program.buffers.get(node.name)
            return found if found is not None else _Slot(program.scalars[node.name])
        if isinstance(node, Constant):
            return float(node.value)
        assert isinstance(node, Apply)
        operands = [self.done[argument] for argument in node.arguments]
        name = node.primitive.name
        if name == "rows":
            return float(len(operands[0]))
        if name == "transpose":
            return operands[0].T
        if all(isinstance(operand, (float, _Slot)) for operand in operands):
            return self._scalar(node, operands)
        if name == "total":
            return self._total(operands[0])
        if (name in ("multiply", "divide")) and isinstance(operands[1], float) and operands[1] == 1:
            # The result is the operand's own array, so that every use of either counts for both.
            operand = node.arguments[0]
            self.uses[operand] = self.uses[node] = self.uses[operand] - 1 + self.uses[node]
            return self._as_number(operands[0])
        return self._array(node, operands, root=root)

    def _scalar(self, node: Apply, operands: list[Any]) -> Any:
        meaning = node.primitive.meaning
        if not any(isinstance(operand, _Slot) for operand in operands):
            return float(meaning(*operands))
        program = self.program
        if node in program._known:
            return _Slot(program._known[node])
        numbers = program.numbers
        slots = [o if isinstance(o, _Slot) else program._slot(o) for o in operands]
        result = _Slot(program._slot(0.0))
        self.made.append((_calculate, (numbers, result, meaning, slots)))
        if not _depends_on(node, {line.symbol for line in program.derivation.lines}):
            program._known[node] = result
        return result

    def _total(self, array: Array) -> _Slot:
        result = _Slot(self.program._slot(0.0))
        self.made.append((_add_up, (self.program.numbers, result, array)))
        return result

    def _array(self, node: Apply, operands: list[Any], *, root: bool) -> Array:
        primitive = node.primitive
        if primitive.name == "uniform":
            return self._uniform(operands, root)
        arrays = [self._as_array(operand) for operand in operands]
        first = 1 if primitive.name == "where" else 0
        arrays[first:] = map(self._as_number, arrays[first:])
        shape = primitive.shape(*(array.shape for array in arrays))
        dtype = np.dtype(bool) if primitive.name in _TRUTH else self.program.arena.dtype
        target = self._target() if root else None
        if target is not None and (target.shape != shape or target.dtype != dtype):
            target = None
        reusable = primitive.elementwise and primitive.name != "where"
        out = target if target is not None else self._buffer(node, shape, dtype, reusable, root)
        if isinstance(arrays[0], SparseBatch):
            self.made.append((arrays[0].times, (arrays[1], out)))
            return out
        self.made.append((numpy_spelling(primitive), (*arrays, out)))
        return out

    def _uniform(self, operands: list[Any], root: bool) -> Array:
        like, key, step = operands
        out = self._buffer(None, like.shape, self.program.arena.dtype, False, root)
        self.made.append((_draw, (self.program.numbers, like, key, step, out)))
        return out

    def _as_array(self, operand: Any) -> Array:
        """A number that meets an array: rounded to the dtype, in an array of shape ()."""
        if isinstance(operand, _Slot):
            cell: Array = np.zeros((), self.program.arena.dtype)
            self.made.append((_fill, (cell, self.program.numbers, int(operand))))
            return cell
        if isinstance(operand, float):
            return self.program._cell(operand)
        array: Array = operand
        return array

    def _as_number(self, operand: Any) -> Any:
        """Truths that are calculated with: 0 and 1 in the dtype."""
        if not isinstance(operand, np.ndarray) or operand.dtype != bool:
            return operand
        made: Array = np.empty(operand.shape, self.program.arena.dtype)
        self.made.append((np.copyto, (made, operand)))
        return made

    def _buffer(
        self, node: Apply | None, shape: tuple[Any, ...], dtype: Any, reusable: bool, root: bool
    ) -> Array:
        """An array to write into: a temporary that is done with, one from the pool, or a new one.

        A line's own result is never a temporary, unless it already has a place elsewhere.
        """
        if root and self._target() is None:
            return np.empty(shape, dtype)
        if node is not None and reusable:
            for argument in node.arguments:
                operand = self.done[argument]
                if (
                    isinstance(operand, np.ndarray)
                    and id(operand) in self.borrowed
                    and self.uses[argument] == 1
                    and operand.shape == shape
                    and operand.dtype == dtype
                ):
                    return operand
        free = self.program._pool[(shape, np.dtype(dtype))]
        array: Array = free.pop() if free else np.empty(shape, dtype)
        self.borrowed[id(array)] = array
        return array


def _calculate(numbers: list[Any], result: int, meaning: Callable[..., Any], slots: list[int]) -> None:
    numbers[result] = meaning(*[numbers[slot] for slot in slots])


def _add_up(numbers: list[Any], result: int, array: Array) -> None:
    numbers[result] = float(np.add.reduce(array, None, np.float64))


def _fill(cell: Array, numbers: list[Any], slot: int) -> None:
    cell.fill(numbers[slot])


def _draw(numbers: list[Any], like: Array, key: Any, step: Any, out: Array) -> None:
    key, step = (numbers[o] if isinstance(o, _Slot) else o for o in (key, step))
    uniform(like, key, step, out)


def family_of(line: Line) -> str:
    """The flat array that a symbol of the update lives in: one of the three, or m, v, m_hat, …"""
    if line.symbol == line.of:
        return PARAMETERS
    suffix = f"_{line.of}"
    return line.symbol.removesuffix(suffix) if line.symbol.endswith(suffix) else CLIPPED


def roles_of(line: Line) -> tuple[Any, ...]:
    return line.definition, family_of(line)


def is_truth(line: Line) -> bool:
    return isinstance(line.tree, Apply) and line.tree.primitive.name in _TRUTH


def is_elementwise(tree: Expression) -> bool:
    return all(node.primitive.elementwise for node in walk(tree) if isinstance(node, Apply))


def _depends_on(node: Expression, symbols: set[str]) -> bool:
    return any(at.name in symbols for at in walk(node) if isinstance(at, Symbol))


def as_dtype(dtype: Any) -> np.dtype[Any]:
    """float32 or float64. Raises ConfigError for anything else."""
    try:
        made: np.dtype[Any] = np.dtype(dtype)
    except TypeError:
        made = np.dtype(object)
    if made not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise ConfigError(f"numbers are float32 or float64, not {dtype!r}: choose one of them")
    return made
