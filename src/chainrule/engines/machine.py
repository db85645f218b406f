"""From text to machine code: LLVM compiles a function for this processor, once; its code is kept on disk.

What is kept is named by the hash of the function's whole text, of LLVM's version and of the processor, so a
changed formula can never meet old code: it has another name.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import sha256
from logging import getLogger
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Lock
from typing import Any

from chainrule.errors import ConfigError

_DIGEST = 32
_log = getLogger("chainrule")
# What is told when code is made; the command line prints it.
tell: Callable[[str], None] = _log.info
_making = Lock()
# A kernel is named by its text; the name stands in for this word.
_PLACEHOLDER = "KERNEL"


def cache_folder() -> Path:
    """Where compiled code is kept: CHAINRULE_CACHE, or the platform's folder for caches."""
    named = os.environ.get("CHAINRULE_CACHE")
    if named:
        return Path(named).expanduser() / "compiled"
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "chainrule" / "compiled"


class Machine:
    """LLVM for this processor, and the functions it has made."""

    def __init__(self) -> None:
        try:
            import llvmlite.binding as llvm
        except ImportError as error:
            raise ConfigError(
                "the compiled engine needs llvmlite, which is not installed: pip install llvmlite, "
                "or choose the numpy engine"
            ) from error
        self._llvm = llvm
        self._lock = Lock()
        if hasattr(os, "register_at_fork"):
            # Another thread may hold it at that moment, and would never let go in the child.
            os.register_at_fork(after_in_child=self._renew_lock)
        self._engines: list[Any] = []
        self._addresses: dict[str, int] = {}
        self.compiled = 0
        with suppress(RuntimeError):  # older LLVM asks for it, newer refuses it
            llvm.initialize()
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        processor = llvm.get_host_cpu_name()
        found = llvm.get_host_cpu_features()
        features = found.flatten()
        self.has_avx512 = bool(found.get("avx512f") and found.get("avx512vl"))
        self._target = llvm.Target.from_default_triple().create_target_machine(
            cpu=processor, features=features, opt=3, jit=True, codemodel="jitdefault"
        )
        self.name = f"LLVM {'.'.join(map(str, llvm.llvm_version_info))} for {processor}"
        self.kind = f"llvm {llvm.llvm_version_info} {processor} {features}"
        mathematics = ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)
        for name in ("pow", "cos"):
            llvm.add_symbol(name, ctypes.cast(getattr(mathematics, name), ctypes.c_void_p).value)

    def _renew_lock(self) -> None:
        self._lock = Lock()

    def address(self, text: str) -> int:
        """The address of the function `KERNEL` of a text, compiled now, kept on disk or known."""
        found = self._addresses.get(text)
        if found is not None:
            return found
        with self._lock:
            if text not in self._addresses:
                name = "k" + sha256(f"{self.kind}\n{text}".encode()).hexdigest()[:40]
                code = _read(name)
                if code is None:
                    code = self._compile(text.replace(_PLACEHOLDER, name))
                    _write(name, code)
                self._addresses[text] = self._load(name, code)
            return self._addresses[text]

    def _compile(self, text: str) -> bytes:
        if not self.compiled:
            tell("making machine code for this processor: once, and usually in a second or two")
        llvm = self._llvm
        module = llvm.parse_assembly(text)
        module.verify()
        options = llvm.create_pipeline_tuning_options(speed_level=3)
        # The text is vectors already.
        options.loop_vectorization = options.slp_vectorization = False
        passes = llvm.create_pass_builder(self._target, options)
        passes.getModulePassManager().run(module, passes)
        self.compiled += 1
        code: bytes = self._target.emit_object(module)
        return code

    def _load(self, name: str, code: bytes) -> int:
        llvm = self._llvm
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), self._target)
        engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        engine.finalize_object()
        self._engines.append(engine)
        address: int = engine.get_function_address(name)
        return address


def _read(name: str) -> bytes | None:
    """Kept code, if it is there and whole."""
    try:
        kept = (cache_folder() / f"{name}.bin").read_bytes()
    except OSError:
        return None
    digest, code = kept[:_DIGEST], kept[_DIGEST:]
    return code if sha256(name.encode() + code).digest() == digest else None


def _write(name: str, code: bytes) -> None:
    """Keep code; where no file can be written it is compiled again next time.

    A file appears whole or not at all, so two processes that compile the same only do the work twice.
    """
    folder = cache_folder()
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=folder, suffix=".tmp", delete=False) as file:
            made = Path(file.name)
            try:
                file.write(sha256(name.encode() + code).digest() + code)
                file.flush()
                made.replace(folder / f"{name}.bin")
            except BaseException:
                # A full disk, or Ctrl-C.
                made.unlink(missing_ok=True)
                raise


def _renew_making() -> None:
    global _making
    _making = Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_making)


@cache
def _machine() -> Machine:
    return Machine()


def the_machine() -> Machine:
    """The process's one machine, made when first needed."""
    # Were two threads to make one each, the one let go would take its functions along.
    with _making:
        return _machine()
