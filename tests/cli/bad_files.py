"""The files that the tests of the command line start from, and ways to spoil them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from chainrule import Dense, Network
from chainrule.learning.checkpoints import Keeper
from chainrule.learning.tasks import train_table
from chainrule.learning.training import train

ROWS = range(1, 25)
GOOD = "x1,x2,city,kind\n" + "".join(
    f"{n},{n * n % 7},{'Bern' if n % 2 else 'Basel'},{'yes' if n % 3 else 'no'}\n" for n in ROWS
)
NUMBERS = "a,b,y\n" + "".join(f"{n},{n * n % 7},{1.5 * n}\n" for n in ROWS)
BARE = NUMBERS.partition("\n")[2]
THREE = "a,b,c\n" + "".join(f"{n},{n % 5},{'rgb'[n % 3]}\n" for n in ROWS)
PEOPLE = "name,a,y\n" + "".join(f"p{n}x,{n},{n % 2}\n" for n in range(200))
DAYS = "a,day,y\n1,2020-01-01,0\n2,2020-01-02,1\n3,2020-01-03,0\n4,2020-01-04,1\n"
GAPS = "a,b,y\n1,,0\n2,,1\n,3,0\n,4,1\n"
COMMAS = "a;b;y\n1,5;2;0\n2,5;3;1\n3,5;3;0\n4,5;3;1\n"

Spoil = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Wrong:
    """A command that is refused with a sentence; with `began`, after it has told of the data.

    files: written into the working folder first, or what becomes of a file there
    """

    line: str
    sentence: str
    files: Mapping[str, str | bytes | Spoil] = field(default_factory=dict)
    began: bool = False


def row(number: int, text: str, base: str = GOOD) -> str:
    """The table with another text in its row of that number."""
    lines = base.splitlines()
    lines[number] = text
    return "\n".join(lines) + "\n"


def idx(start: str, numbers: bytes) -> bytes:
    """An idx file of these first bytes, in hexadecimal, and these numbers."""
    return bytes.fromhex(start) + numbers


IMAGES, LABELS = "00000803 00000002 00000002 00000002", "00000801 00000002"


def flipped(data: bytes) -> bytes:
    """The file with one bit of its last number changed."""
    return data[:-1] + bytes([data[-1] ^ 1])


def make_folder(folder: Path) -> None:
    """Tables and models: of a table, of one without a header line, of arrays; and a run to go on with."""
    for name, text in (
        ("good.csv", GOOD),
        ("numbers.csv", NUMBERS),
        ("bare.csv", BARE),
        ("three.csv", THREE),
    ):
        (folder / name).write_text(text)
    (folder / "sub").mkdir()
    good = folder / "good.csv"
    train_table(good, "kind", layers=[3], epochs=2).model.save(folder / "model.safetensors")
    train_table(folder / "bare.csv", "3", layers=[], epochs=2).model.save(folder / "bare.safetensors")
    arrays = Network(2, [Dense(1, "sigmoid")])
    train(arrays, np.eye(2), [0, 1], epochs=2).model.save(folder / "arrays.safetensors")
    keeper = Keeper(folder / "run.safetensors.checkpoint", 1, None)
    train_table(good, "kind", layers=[3], epochs=2, keeper=keeper)
