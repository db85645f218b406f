"""How a command ends when something is wrong: one sentence on stderr and an exit code, never a traceback.

0    done
2    something given is wrong: an option, a name, a file, a value
70   a defect of chainrule itself
130  stopped by Ctrl-C
141  the reader of the output went away (`| head`)

With CHAINRULE_DEBUG=1 in the environment, the traceback comes before the sentence.
Every command passes here, so what only a failure needs is imported where it fails.
"""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress

import click

from chainrule.errors import ChainruleError

__all__ = ["PROGRAM", "one_line", "run"]

PROGRAM = "chainrule"
DONE, WRONG, DEFECT, INTERRUPTED, UNREAD = 0, 2, 70, 130, 141


def run(command: click.Command, arguments: Sequence[str]) -> int:
    """Run a command on arguments and return its exit code; whatever is raised becomes one sentence."""
    _open_closed_streams()
    with warnings.catch_warnings():
        # What libraries warn of is for programmers; what matters to the user is an error or a printed line.
        warnings.simplefilter("ignore")
        try:
            return _invoke(command, arguments)
        except BrokenPipeError:
            _leave_the_pipe()
            return UNREAD
        except Exception as error:
            code, sentence = _told(error, command, arguments)
        except KeyboardInterrupt:
            code, sentence = INTERRUPTED, "stopped by Ctrl-C"
        _complain(sentence)
        return code


def _open_closed_streams() -> None:
    """Where the shell closed a stream (`>&-`) there is none, and what is written is to go nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123


def _invoke(command: click.Command, arguments: Sequence[str]) -> int:
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show σ gets a question mark in place of an exception.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        with command.make_context(PROGRAM, list(arguments)) as context:
            command.invoke(context)
        code = DONE
    except click.exceptions.Exit as ended:
        code = ended.exit_code
    sys.stdout.flush()
    return code


def _told(error: Exception, command: click.Command, arguments: Sequence[str]) -> tuple[int, str]:
    """The exit code and the sentence for an exception."""
    if os.environ.get("CHAINRULE_DEBUG") == "1":
        import traceback

        traceback.print_exception(error)
    match error:
        case click.exceptions.Abort():
            return INTERRUPTED, "stopped by Ctrl-C"
        case ChainruleError():
            return WRONG, str(error)
        case click.ClickException():
            return WRONG, _usage(error, command, arguments)
        case MemoryError():
            return WRONG, "there is not enough memory for this: use a smaller table, batch or network"
        case OSError():
            return WRONG, _about_file(error)
    import shlex

    typed = shlex.join([PROGRAM, *arguments])
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return DEFECT, (
        f"this is a defect in {PROGRAM}: {what}: "
        f"please report it with the command, {typed} (CHAINRULE_DEBUG=1 shows where it happened)"
    )


def _usage(error: click.ClickException, command: click.Command, arguments: Sequence[str]) -> str:
    """A mistake on the command line, and what to type instead."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else _called(command, arguments)
    see = f'"{path} --help" lists what it takes'
    if isinstance(error, click.NoSuchOption) and context:
        known = [
            option for p in context.command.get_params(context) for option in (*p.opts, *p.secondary_opts)
        ]
        from difflib import get_close_matches

        near = get_close_matches(error.option_name, [o for o in known if o.startswith("-")], n=1, cutoff=0.5)
        return (
            f"{path} has no option {error.option_name}: "
            + (f"did you mean {near[0]}? " if near else "")
            + see
        )
    if isinstance(error, click.MissingParameter) and error.param and context:
        missing = (
            error.param.make_metavar(context)
            if isinstance(error.param, click.Argument)
            else error.param.opts[0]
        )
        return f"{path} needs {missing}: {see}"
    message = error.format_message().rstrip(".")
    return f"{message[:1].lower()}{message[1:]}: {see}"


def _called(command: click.Command, arguments: Sequence[str]) -> str:
    """The command that the arguments begin with: click's parser does not say which one a mistake is of."""
    path = PROGRAM
    for argument in arguments:
        if argument.startswith("-") or not isinstance(command, click.Group):
            break
        found = command.get_command(click.Context(command), argument)
        if found is None:
            break
        path, command = f"{path} {argument}", found
    return path


def _about_file(error: OSError) -> str:
    reason = (error.strerror or str(error) or type(error).__name__).lower()
    if error.filename is None:
        return f"the system refused: {reason}: free what is missing, or try again"
    name = f'"{os.fsdecode(error.filename)}"' if not isinstance(error.filename, int) else "an open file"
    if isinstance(error, FileNotFoundError):
        return f"there is no file {name}: check its name and folder"
    if isinstance(error, IsADirectoryError):
        return f"{name} is a folder: name a file in it"
    return f"cannot use {name}: {reason}: correct that, or choose another file"


def one_line(text: str) -> str:
    r"""Text as one line, control characters written out, so that a file's name cannot draw on the terminal.

    >>> print(one_line("two\nlines"))
    two\nlines
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _complain(sentence: str) -> None:
    try:
        sys.stdout.flush()
    except OSError:
        _leave_the_pipe()
    with suppress(OSError):
        print(f"{PROGRAM}: {one_line(sentence)}", file=sys.stderr, flush=True)


def _leave_the_pipe() -> None:
    """Let the interpreter's last flush go nowhere, or it would complain once more of what cannot be written."""
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (OSError, ValueError):
        sys.stdout = io.StringIO()
