"""Every command and every Python example of README.md is run, and gives what README.md says.

How the fences are read:
- ```console: lines with "$ " are commands, the lines below them what they print;
- ```python: doctests; the names of earlier blocks are still there;
- ```csv name.csv, ```toml name.toml: a file, written before what comes after it.

In what a command prints, a line of … stands for any lines and … in a line for any text. Seconds and
sparklines may differ, and numbers with a decimal point by a twentieth, as they do between machines.
"""

from __future__ import annotations

import doctest
import io
import re
import shlex
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

from chainrule.cli import main
from chainrule.formulas.activations import ACTIVATIONS

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
MAKE = {"make demo": "chainrule demo"}  # a target, and the command whose output it shows
SECONDS = re.compile(r"\b\d[\d.e-]* s\b")
SPARKLINE = re.compile("[▁▂▃▄▅▆▇█]+")
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e-?\d+)?(?![\w.]*\w)")
NEAR, TINY = 0.05, 0.01


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file name beside it, its lines, and where it begins."""

    language: str
    name: str
    lines: tuple[str, ...]
    line: int


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a Markdown text."""
    kept: list[str] = []
    opened: tuple[str, str, int] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if opened is None and (fence := re.fullmatch(r"```(\w+) ?(\S*)", line)):
            opened, kept = (fence[1], fence[2], number + 1), []
        elif opened is not None and line == "```":
            yield Block(opened[0], opened[1], tuple(kept), opened[2])
            opened = None
        elif opened is not None:
            kept.append(line)
    assert opened is None, f"the block at line {opened and opened[2]} is not closed"


def commands(block: Block) -> Iterator[tuple[str, list[str], int]]:
    """Each command of a console block, with the lines it prints and its own line's number."""
    starts = [i for i, line in enumerate(block.lines) if line.startswith("$ ")]
    assert starts[:1] == [0], f"the block at line {block.line} does not begin with a command"
    for start, end in zip(starts, [*starts[1:], len(block.lines)], strict=True):
        printed = list(block.lines[start + 1 : end])
        yield block.lines[start][2:], printed, block.line + start


def matches(stated: list[str], printed: list[str]) -> bool:
    """Whether the printed lines are the stated ones; a line of … stands for any lines."""
    if not stated:
        return not printed
    if stated[0].strip() == "…":
        return any(matches(stated[1:], printed[i:]) for i in range(len(printed) + 1))
    return bool(printed) and same(stated[0], printed[0]) and matches(stated[1:], printed[1:])


def same(stated: str, printed: str) -> bool:
    """Whether a printed line is the stated one; … in it stands for any text."""
    stated, printed = masked(stated), masked(printed)
    if "…" in stated and stated != printed:
        parts = stated.split("…")
        return re.fullmatch(".*".join(map(re.escape, parts)), printed) is not None
    words, others = NUMBER.sub("#", stated).split(), NUMBER.sub("#", printed).split()
    pairs = zip(NUMBER.findall(stated), NUMBER.findall(printed), strict=False)
    return words == others and all(near(ours, theirs) for ours, theirs in pairs)


def masked(line: str) -> str:
    return SPARKLINE.sub("▁", SECONDS.sub("0 s", line.rstrip()))


def near(stated: str, printed: str) -> bool:
    """Whole numbers are the same; others lie within a twentieth, where they are not tiny."""
    if stated == printed:
        return True
    if stated.lstrip("-").isdecimal() and printed.lstrip("-").isdecimal():
        return False
    a, b = float(stated), float(printed)
    return abs(a - b) <= max(NEAR * abs(a), TINY)


def command_line(command: str) -> tuple[int, list[str]]:
    """The exit code of a chainrule command, and the lines that it prints."""
    shown = io.StringIO()
    words = shlex.split(command)
    assert words[0] == "chainrule", f"only chainrule is run here, not {words[0]}"
    with redirect_stdout(shown), redirect_stderr(shown):
        code = main(words[1:])
    return code, shown.getvalue().splitlines()


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def stale(text: str) -> list[str]:
    """What the text says and is not so; run in the present folder."""
    problems: list[str] = []
    names: dict[str, object] = {}
    for block in blocks(text):
        if block.language == "console":
            problems += [problem for each in commands(block) if (problem := stale_command(*each))]
        elif block.language == "python":
            problems += stale_python(block, names)
        elif block.name:
            Path(block.name).write_text("\n".join(block.lines) + "\n", encoding="utf-8")
    return problems


def stale_command(command: str, stated: list[str], line: int) -> str:
    """What is wrong with a command of README.md, or nothing."""
    if command.startswith("make "):
        if command.split()[1] not in make_targets():
            return f"line {line}: the Makefile has no target for {command!r}"
        if command not in MAKE:
            return ""
    refused = any(text.startswith("chainrule: ") for text in stated)
    code, printed = command_line(MAKE.get(command, command))
    wrong = command.startswith("chainrule mark") and any("  wrong  " in text for text in stated)
    if code != (2 if refused else int(wrong)):
        return f"line {line}: {command} ended with exit code {code}:\n" + "\n".join(printed)
    if not matches(stated, printed):
        return f"line {line}: {command} does not print what is stated, but:\n" + "\n".join(printed)
    return ""


def stale_python(block: Block, names: dict[str, object]) -> list[str]:
    """The examples of a Python block that fail, told as doctest tells them; `names` are kept."""
    source = "\n".join(block.lines).replace("…", "...") + "\n"
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    test = doctest.DocTestParser().get_doctest(source, {}, "README.md", "README.md", block.line - 1)
    assert test.examples, f"the block at line {block.line} has no >>> example"
    test.globs = names
    told: list[str] = []
    doctest.DocTestRunner(optionflags=flags).run(test, out=told.append, clear_globs=False)
    return told


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty present folder, plain output, and a catalogue that is as before afterwards."""
    monkeypatch.chdir(tmp_path)
    for variable in ("FORCE_COLOR", "CHAINRULE_DEBUG", "COLUMNS"):
        monkeypatch.delenv(variable, raising=False)
    before = set(ACTIVATIONS)
    yield tmp_path
    for name in set(ACTIVATIONS) - before:
        ACTIVATIONS.remove(name)


@pytest.mark.usefixtures("folder")
def test_readme_is_true() -> None:
    problems = stale(README.read_text(encoding="utf-8"))
    assert not problems, "\n\n".join(problems)


def test_readme_has_commands_and_examples_in_every_part() -> None:
    found = [block.language for block in blocks(README.read_text(encoding="utf-8"))]
    assert found.count("console") >= 8
    assert found.count("python") >= 5


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "snippet",
    [
        "```console\n$ chainrule formulas sigmoid --at 0\n  z  f(z)  f′(z)\n  0   0.9   0.25\n```\n",
        "```console\n$ chainrule formulas sigmoid --at 0\n```\n",
        "```console\n$ chainrule formulas sigmiod\n…\n```\n",
        "```console\n$ make coffee\n```\n",
        "```python\n>>> 2 + 2\n5\n```\n",
        "```python\n>>> import chainrule as cr\n>>> cr.no_such_name\n```\n",
    ],
)
def test_a_stale_snippet_is_noticed(snippet: str) -> None:
    assert len(stale(snippet)) == 1


@pytest.mark.usefixtures("folder")
def test_a_true_snippet_passes() -> None:
    true = "```console\n$ chainrule formulas sigmoid --at 0\n…\n  0   0.5   0.25\n```\n"
    assert stale(true + "```python\n>>> 2 + 2\n4\n```\n") == []


@pytest.mark.parametrize(
    ("stated", "printed", "alike"),
    [
        ("60 epochs in 0.95 s", "60 epochs in 1.1 s", True),
        ("60 epochs in 0.95 s", "61 epochs in 0.95 s", False),
        ("loss 2.04 █▂▁ 0.1", "loss 2.05 █▁▁▁ 0.1", True),
        ("accuracy 0.971", "accuracy 0.969", True),
        ("accuracy 0.971", "accuracy 0.871", False),
        ("layer 1  64 relu", "layer 1   64 relu", True),
        ("layer 1  64 relu", "layer 1   64 tanh", False),
        ("the digest … ends", "the digest 8f3 ends", True),
        ("the digest … ends", "the digest 8f3", False),
    ],
)
def test_printed_lines_are_compared(stated: str, printed: str, alike: bool) -> None:
    assert same(stated, printed) is alike


def test_a_line_of_dots_stands_for_any_lines() -> None:
    assert matches(["a", "…", "d"], ["a", "b", "c", "d"])
    assert not matches(["a", "…", "d"], ["a", "b", "c"])


def test_every_make_target_that_is_named_exists() -> None:
    named = set(re.findall(r"`make ([a-z]+)`", README.read_text(encoding="utf-8")))
    assert named
    assert named <= make_targets()


def test_every_public_name_in_the_readme_exists() -> None:
    import chainrule

    named = set(re.findall(r"\bcr\.([A-Za-z_]+)", README.read_text(encoding="utf-8")))
    assert named
    assert named <= set(vars(chainrule)["__all__"])
