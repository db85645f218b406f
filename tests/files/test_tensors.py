"""The container: what is written comes back, and everything else is refused."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from numpy.typing import NDArray
from safetensors.numpy import load, load_file, save, save_file

from chainrule.errors import CannotWrite, InvalidInput, ModelFileError
from chainrule.files.layout import Row, front_of, sha256_of, tensor_sha256
from chainrule.files.tensors import from_bytes, read_header, read_tensors, to_bytes, write_tensors

BOUNDED = settings(max_examples=100, deadline=None, derandomize=True, database=None)

DTYPES = ["f4", "f8", "i4", "i8", "u1", "u4", "u8", "?"]
ARRAYS = st.sampled_from([f"{order}{code}" for code in DTYPES for order in "<>"]).flatmap(
    lambda dtype: arrays_of.arrays(dtype, arrays_of.array_shapes(min_dims=0, min_side=0, max_side=4))
)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(["$float", '"', "\n"])
HEADER = {"classes": ["no", "yes"], "mean": [0.1, float("nan")], "seed": 2**127, "name": "Größe\n"}


def assert_same(found: NDArray[Any], want: NDArray[Any]) -> None:
    assert found.dtype == want.dtype.newbyteorder("=")
    assert found.shape == want.shape
    assert found.tobytes() == want.astype(want.dtype.newbyteorder("=")).tobytes()


@BOUNDED
@given(st.dictionaries(NAMES, ARRAYS, max_size=5))
def test_all_arrays_come_back_to_the_last_bit(tensors: dict[str, NDArray[Any]]) -> None:
    found, header = from_bytes(to_bytes(tensors, HEADER, kind="model"), kind="model")
    assert list(found) == sorted(tensors)
    assert repr(sorted(header.items())) == repr(sorted(HEADER.items()))
    for name, array in tensors.items():
        assert_same(found[name], array)


@BOUNDED
@given(st.dictionaries(NAMES, ARRAYS, max_size=5))
def test_the_plain_library_reads_the_same_arrays(tensors: dict[str, NDArray[Any]]) -> None:
    found = load(to_bytes(tensors, HEADER, kind="model"))
    assert found.keys() == tensors.keys()
    for name, array in tensors.items():
        assert_same(found[name], array)


def test_the_plain_library_reads_the_file(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write_tensors(path, {"W": np.eye(3, dtype="f4"), "n": np.array(7)}, HEADER, kind="model")
    found = load_file(path)
    assert_same(found["W"], np.eye(3, dtype="f4"))
    assert_same(found["n"], np.array(7))


def test_a_file_comes_back_with_writeable_arrays_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write_tensors(path, {"W": np.arange(6.0).reshape(2, 3)}, {"a": 1}, kind="model", version=3)
    tensors, header = read_tensors(path, kind="model", version=3)
    tensors["W"] += 1
    assert tensors["W"].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert header == read_header(path, kind="model", version=3) == {"a": 1}


def test_strided_arrays_are_written_as_they_look() -> None:
    square = np.arange(16.0).reshape(4, 4)
    tensors = {"T": square.T, "back": square[::-1, ::2], "wide": np.broadcast_to(np.float32(2), (3, 2))}
    found, _ = from_bytes(to_bytes(tensors, {}, kind="model"), kind="model")
    for name, array in tensors.items():
        assert_same(found[name], array)


def test_the_same_content_gives_the_same_bytes_in_any_order() -> None:
    a, b = np.arange(3.0), np.arange(4, dtype=">i4")
    first = to_bytes({"a": a, "b": b}, {"x": 1, "y": 2.5}, kind="model")
    second = to_bytes({"b": b.astype("<i4"), "a": a[::-1][::-1]}, {"y": 2.5, "x": 1}, kind="model")
    assert first == second


def test_every_tensor_begins_at_a_multiple_of_its_width() -> None:
    data = to_bytes({"a": np.ones(3, "?"), "b": np.ones(3, "f4"), "c": np.ones(2)}, {}, kind="model")
    length = int.from_bytes(data[:8], "little")
    table = json.loads(data[8 : 8 + length])
    starts = {name: table[name]["data_offsets"][0] for name in "abc"}
    assert length % 8 == 0
    assert starts == {"c": 0, "b": 16, "a": 28}


@pytest.mark.parametrize(
    ("tensors", "header", "message"),
    [
        ({"W": np.array(["a"])}, {}, 'tensor "W" has dtype <U1, which a file cannot hold: convert it'),
        ({"W": np.array([None])}, {}, "dtype object"),
        ({"W": np.zeros(2, "c16")}, {}, "dtype complex128"),
        ({"__metadata__": np.zeros(2)}, {}, "cannot be called '__metadata__'"),
        ({"\ud800": np.zeros(2)}, {}, "give it a name in plain text"),
        ({3: np.zeros(2)}, {}, "cannot be called 3"),
        ({}, {"history": [{"loss": np.zeros(3)}]}, "header['history'][0]['loss'] is a ndarray"),
        ({}, [1], "the header is a list"),
    ],
)
def test_what_a_file_cannot_hold_is_refused_before_writing(
    tmp_path: Path, tensors: Any, header: Any, message: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        write_tensors(tmp_path / "m", tensors, header, kind="model")
    assert message in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_header_longer_than_the_library_reads_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chainrule.files.tensors.LARGEST_FRONT", 1000)
    with pytest.raises(InvalidInput, match="holds 1,000 at most: put long lists"):
        to_bytes({}, {"x": "long" * 250}, kind="model")


def test_an_unwritable_place_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="does not exist"):
        write_tensors(tmp_path / "no" / "m", {}, {}, kind="model")


GOOD = to_bytes({"W": np.arange(6.0).reshape(2, 3), "b": np.zeros(3, "f4")}, {"a": 1}, kind="model")


def foreign() -> bytes:
    return save({"W": np.eye(2)})


def forged(table: Any, payload: bytes = b"", rows: list[Row] | None = None, **changes: Any) -> bytes:
    """A file whose header has a matching hash, as only somebody who means it can make."""
    content = {"header": {}, "kind": "model", "tensors": table, "version": 1} | changes
    text = json.dumps(content)
    return front_of(text, sha256_of(text.encode()), rows or []) + payload


def entry(dtype: str, shape: list[Any], sha256: str = "") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "sha256": sha256}


def raw(front: str, payload: bytes = b"") -> bytes:
    return len(front).to_bytes(8, "little") + front.encode() + payload


BROKEN = {
    "an empty file": (b"", "the file is empty"),
    "text": (b"epoch,loss\n1,0.5\n", "it is not a safetensors file: give a file that chainrule wrote"),
    "a short text": (b"hello", "it is not a safetensors file"),
    "a huge length": ((2**63).to_bytes(8, "little") + b"{}", "it is not a safetensors file"),
    "a length beyond the end": (GOOD[:300], "it is cut off within its header, after 300 bytes: copy"),
    "a shortened payload": (GOOD[:-1], "it holds 59 bytes of numbers where its header promises 60"),
    "a lengthened payload": (GOOD + b"\0", "it holds 61 bytes of numbers where its header promises 60"),
    "a foreign safetensors file": (foreign(), "without chainrule's own header: give a file that chainrule"),
    "a front that is no JSON": (raw("{oops}"), "its front is not proper JSON"),
    "a front that is no UTF-8": (b"\x07" + b"\0" * 7 + b'{"\xff":1}', "its front is not proper JSON"),
    "a front nested too deeply": (raw('{"a":' + "[" * 50_000), "nested too deeply"),
    "a front with a key twice": (raw('{"W":1,"W":2}'), 'the key "W" appears twice'),
    "a metadata key twice": (raw('{"__metadata__":{"a":"1","a":"1"}}'), 'the key "a" appears twice'),
    "metadata that are no mapping": (raw('{"__metadata__":[]}'), "without chainrule's own header"),
    "a flipped payload bit": (GOOD[:-1] + b"\x01", 'tensor "b" does not match its SHA-256'),
    "a changed digit of the header": (GOOD.replace(b'\\"a\\":1', b'\\"a\\":2'), "its header does not match"),
    "a changed hash": (GOOD.replace(b'sha256":"', b'sha256":"0', 1), "its header does not match its SHA-256"),
    "a changed offset": (GOOD.replace(b"[0,48]", b"[0,40]"), "so it was altered"),
    "a swapped shape": (GOOD.replace(b'"shape":[2,3]', b'"shape":[3,2]'), "so it was altered"),
    "a forged key twice": (
        front_of(t := '{"kind":"model","kind":"model"}', sha256_of(t.encode()), []),
        'the key "kind" appears twice',
    ),
    "a forged text that is no JSON": (front_of("x", sha256_of(b"x"), []), "not as chainrule writes it"),
    "a forged list": (front_of("[]", sha256_of(b"[]"), []), "its header is not as chainrule writes it"),
    "a forged kind": (forged({}, kind=3), "its header does not say what it is"),
    "a forged version": (forged({}, version=True), "its header does not say what it is"),
    "a forged header": (forged({}, header=[]), "its header is not as chainrule writes it"),
    "a forged table": (forged([]), "its table of tensors is not as chainrule writes it"),
    "a forged row": (forged({"W": {"dtype": "F32"}}), 'tensor "W" is not described as chainrule does'),
    "a forged dtype": (forged({"W": entry("F8", [1])}), 'tensor "W" has an unknown dtype'),
    "a forged shape": (forged({"W": entry("F64", [-1])}), 'tensor "W" has a shape that no array has'),
    "a broken shape": (forged({"W": entry("F64", [1.0])}), 'tensor "W" has a shape that no array has'),
    "an endless shape": (forged({"W": entry("F64", [0, 2**62])}), "has a shape that no array has"),
    "too many axes": (forged({"W": entry("F64", [1] * 65)}), "has a shape that no array has"),
    "a table that the front does not follow": (forged({"W": entry("F64", [1])}, bytes(8)), "it was altered"),
    "a payload too small for its table": (
        forged({"W": entry("U8", [10**15])}, b"", [Row("W", "U8", (10**15,), "")]),
        "it holds 0 bytes of numbers where its header promises 1,000,000,000,000,000",
    ),
    "a newer version": (
        to_bytes({}, {}, kind="model", version=2),
        "its model format has version 2, newer than this chainrule's 1: update chainrule",
    ),
    "an older version": (
        to_bytes({}, {}, kind="model", version=0),
        "its model format has version 0, older than this chainrule's 1: make the file again",
    ),
    "another kind": (
        to_bytes({}, {}, kind="checkpoint"),
        "this is a checkpoint, not a model: give a model file",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_in_one_sentence(tmp_path: Path, name: str) -> None:
    data, reason = BROKEN[name]
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    with pytest.raises(ModelFileError) as caught:
        read_tensors(path, kind="model")
    message = str(caught.value)
    assert message.startswith(f'cannot read "{path}": ')
    assert reason in message
    assert "\n" not in message


def test_the_file_that_those_are_made_from_is_accepted() -> None:
    assert from_bytes(GOOD, kind="model")[1] == {"a": 1}


def test_a_tensor_as_a_forger_would_describe_it_is_accepted_when_all_agrees() -> None:
    array = np.arange(2.0)
    sha256 = tensor_sha256("F64", (2,), array)
    data = forged({"W": entry("F64", [2], sha256)}, array.tobytes(), [Row("W", "F64", (2,), sha256)])
    assert_same(from_bytes(data, kind="model")[0]["W"], array)


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_bytes(b"x")
    for name, reason in {
        "": "it is a folder: give the name of a file in it",
        "missing": "there is no such file: check the path",
        "file/below": "there is no such file: check the path",
        "pipe": "it is not an ordinary file",
        "null\0": "its name holds a null character",
        "x" * 300: "file name too long: check the path and the disk",
    }.items():
        with pytest.raises(ModelFileError) as caught:
            read_tensors(f"{tmp_path}/{name}", kind="model")
        assert reason in str(caught.value)


def test_a_name_from_a_file_cannot_break_the_line(tmp_path: Path) -> None:
    path = tmp_path / "m"
    write_tensors(path, {"a\n\x1b[31m" + "b" * 500: np.zeros(1)}, {}, kind="model")
    path.write_bytes(path.read_bytes()[:-1] + b"\x01")
    with pytest.raises(ModelFileError) as caught:
        read_tensors(path, kind="model")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300 + len(str(path))


def test_the_header_is_readable_without_the_tensors_but_not_when_they_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(GOOD[:-1] + b"\x01")
    assert read_header(path, kind="model") == {"a": 1}
    path.write_bytes(GOOD[:-1])
    with pytest.raises(ModelFileError):
        read_header(path, kind="model")


def peak_while_reading(path: Path) -> int:
    tracemalloc.start()
    try:
        read_tensors(path, kind="model")
    except ModelFileError:
        pass
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak


@pytest.mark.parametrize("name", ["a huge length", "a payload too small for its table", "an endless shape"])
def test_a_file_that_lies_about_its_size_costs_no_memory(tmp_path: Path, name: str) -> None:
    (tmp_path / "m").write_bytes(BROKEN[name][0])
    assert peak_while_reading(tmp_path / "m") < 200_000


def test_reading_takes_the_memory_of_the_payload_once(tmp_path: Path) -> None:
    write_tensors(tmp_path / "m", {"W": np.ones((2, 1_000_000))}, {}, kind="model")
    assert peak_while_reading(tmp_path / "m") < 16_000_000 + 300_000


def test_too_little_memory_is_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(np, "empty", no_memory)
    with pytest.raises(ModelFileError, match='needs 48 bytes for tensor "W", more memory than there is'):
        from_bytes(GOOD, kind="model")


def test_a_resaved_copy_of_the_librarys_own_is_refused(tmp_path: Path) -> None:
    save_file(load(GOOD), tmp_path / "m")
    with pytest.raises(ModelFileError, match="without chainrule's own header"):
        read_tensors(tmp_path / "m", kind="model")


def test_the_hash_of_a_tensor_covers_its_dtype_and_shape() -> None:
    hashes = {
        tensor_sha256("F32", (2, 3), np.zeros((2, 3), "f4")),
        tensor_sha256("F32", (3, 2), np.zeros((3, 2), "f4")),
        tensor_sha256("I32", (2, 3), np.zeros((2, 3), "i4")),
    }
    assert len(hashes) == 3
