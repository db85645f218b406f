"""Corpora: every source is read, cut into documents and words, and what is wrong is said in one sentence."""

from __future__ import annotations

import gzip
import io
import lzma
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import ConfigError, InvalidInput, TableError, UnknownName
from chainrule.words import sources
from chainrule.words.corpus import Corpus
from chainrule.words.encoding import encode

BOUNDED = settings(max_examples=60, deadline=None, derandomize=True, database=None)


def written(folder: Path, data: bytes, name: str = "corpus.txt") -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


def read(*paths: str, **options: str) -> list[list[str]]:
    return list(Corpus(*paths, **{"tokens": "space", **options}).documents())  # type: ignore[arg-type]


def message(path: str, **options: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        read(path, **options)
    return str(caught.value)


def decoded(corpus: Corpus) -> list[list[str]]:
    """The documents as they come back from the numbers."""
    encoded = encode(corpus)
    vocabulary = encoded.vocabulary(1)
    found: list[list[str]] = []
    for number in np.concatenate(list(encoded.ids(vocabulary))).tolist():
        if number < 0:
            found.append([])
        else:
            found[-1].append(vocabulary.words[number])
    return [document for document in found if document]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress], ids=["plain", "gz", "xz"])
def test_plain_and_packed_files_read_the_same(tmp_path: Path, pack: type[bytes]) -> None:
    assert read(written(tmp_path, pack(b"ice is\nsteam"))) == [["ice", "is"], ["steam"]]


def test_files_and_folders_are_read_in_order_and_hidden_files_left_out(tmp_path: Path) -> None:
    (tmp_path / "texts" / "deep").mkdir(parents=True)
    written(tmp_path, b"b", "texts/2.txt")
    written(tmp_path, b"a", "texts/1.txt")
    written(tmp_path, b"c", "texts/deep/3.txt")
    written(tmp_path, b"x", "texts/.hidden")
    last = written(tmp_path, b"d")
    assert read(str(tmp_path / "texts"), last) == [["a"], ["b"], ["c"], ["d"]]


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"a b\nc")))
    assert read("-") == [["a", "b"], ["c"]]


def test_a_column_of_a_table_is_one_document_a_row(tmp_path: Path) -> None:
    path = written(tmp_path, b'id,text\n1,"ice\n\nis cold"\n2,\n3,steam\n', "table.csv")
    assert read(path, column="text") == [["ice", "is", "cold"], ["steam"]]
    with pytest.raises(TableError, match='has no column "txt": did you mean "text"'):
        read(path, column="txt")


def test_documents_are_lines_or_separated_by_blank_lines(tmp_path: Path) -> None:
    path = written(tmp_path, b"\n a\nb\n \t\n\nc\n...\nd\n")
    for tokens in ("space", "words"):
        dots = [["..."]] if tokens == "space" else []
        assert read(path, tokens=tokens) == [["a"], ["b"], ["c"], *dots, ["d"]]
        joined = [word for document in dots for word in document]
        assert read(path, tokens=tokens, documents="blank") == [["a", "b"], ["c", *joined, "d"]]


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\n"])
def test_line_ends_of_every_kind_are_line_ends(tmp_path: Path, end: bytes) -> None:
    path = written(tmp_path, end.join([b"a", b"b", b"", b"c"]))
    assert read(path) == [["a"], ["b"], ["c"]]
    assert read(path, documents="blank") == [["a", "b"], ["c"]]


def test_a_byte_order_mark_is_no_part_of_the_first_word(tmp_path: Path) -> None:
    assert read(written(tmp_path, b"\xef\xbb\xbfice")) == [["ice"]]


@BOUNDED
@given(
    st.text(st.sampled_from("abä'-.,1 \n\t…\x01"), max_size=60),
    st.sampled_from(["lines", "blank"]),
    st.sampled_from(["words", "space"]),
    st.integers(1, 7),
)
def test_numbers_stand_for_the_same_documents_wherever_pieces_end(
    text: str, documents: str, tokens: str, piece: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        import tempfile

        with tempfile.TemporaryDirectory() as folder:
            path = written(Path(folder), text.encode())
            corpus = Corpus(path, tokens=tokens, documents=documents)
            whole = list(corpus.documents())
            patch.setattr(sources, "PIECE", piece)
            assert list(corpus.documents()) == whole
            if whole:
                assert decoded(corpus) == whole
            else:
                assert encode(corpus).tokens == 0


def test_many_different_words_are_all_kept(tmp_path: Path) -> None:
    words = [f"w{k % 40_000}é" for k in range(100_000)]
    encoded = encode(Corpus(written(tmp_path, " ".join(words).encode()), tokens="space"))
    vocabulary = encoded.vocabulary(1)
    assert dict(zip(vocabulary.words, vocabulary.counts.tolist(), strict=True)) == Counter(words)
    assert encoded.tokens == vocabulary.tokens == 100_000


def test_a_very_long_line_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, b"ice steam " * 200_000)
    encoded = encode(Corpus(path))
    assert (encoded.tokens, encoded.distinct) == (400_000, 2)


def test_text_kept_on_disk_reads_the_same() -> None:
    corpus = Corpus.of_texts(["ice is ice", "steam"] * 50)
    encoded, stored = encode(corpus), encode(corpus, memory=20_000_000)
    stored._store.to_disk()
    for vocabulary in (encoded.vocabulary(1), encoded.vocabulary(60)):
        assert np.array_equal(
            np.concatenate(list(encoded.ids(vocabulary))), np.concatenate(list(stored.ids(vocabulary)))
        )


def test_progress_is_told_in_bytes_up_to_all_of_them(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    one, two = written(tmp_path, b"a b\n" * 9, "1"), written(tmp_path, gzip.compress(b"a b"), "2")
    encode(Corpus(one, two), progress=lambda done, size: told.append((done, size)))
    size = sum(Path(path).stat().st_size for path in (one, two))
    assert told[-1] == (size, size)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_bad_bytes_are_named_replaced_or_skipped(tmp_path: Path) -> None:
    path = written(tmp_path, b"ice " * 3 + b"caf\xe9 x\xffy")
    assert message(path) == (
        f'"{path}" is not UTF-8 text (byte 15; Latin-1 or Windows-1252?): '
        'convert it to UTF-8, or have such bytes replaced (errors="replace", on the command line '
        "--encoding-errors replace) or skipped"
    )
    assert read(path, errors="replace") == [["ice"] * 3 + ["caf\ufffd", "x\ufffdy"]]
    assert read(path, errors="skip") == [["ice"] * 3 + ["caf", "xy"]]


@pytest.mark.parametrize("piece", [5, 1 << 19])
def test_the_offset_of_a_bad_byte_counts_from_the_start_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(sources, "PIECE", piece)
    path = written(tmp_path, b"\xef\xbb\xbfice is\r\ncold " + b"\xff")
    assert "(byte 16;" in message(path)


def test_a_zero_byte_is_no_text(tmp_path: Path) -> None:
    path = written(tmp_path, b"ice is\0cold")
    assert message(path) == (
        f'"{path}" is no text (byte 6 is zero): give plain text, or have such bytes skipped '
        '(errors="skip", on the command line --encoding-errors skip)'
    )
    assert read(path, errors="skip") == [["ice", "is", "cold"]]


def test_utf_16_is_named(tmp_path: Path) -> None:
    path = written(tmp_path, "ice".encode("utf-16"))
    assert message(path) == f'"{path}" is written in UTF-16: save it as UTF-8'


def test_text_without_spaces_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, b"ice " + b"x" * 3_000_000)
    assert message(path) == (
        f'"{path}" has no space for more than 1,048,576 bytes from byte 4 on: '
        "give text whose words are separated by spaces"
    )


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress], ids=["gz", "xz"])
def test_a_packed_file_that_is_cut_off_is_refused(tmp_path: Path, pack: type[bytes]) -> None:
    path = written(tmp_path, pack(os.urandom(50_000).hex().encode())[:-100])
    assert message(path) == (
        f'"{path}" is cut off or damaged and cannot be unpacked to its end: copy it again'
    )


@pytest.mark.parametrize("name", ["no.txt", "x" * 300])
def test_a_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    path = str(tmp_path / name)
    assert message(path) == f'there is no file "{path}": check its name and folder'


def test_a_file_that_goes_away_is_named(tmp_path: Path) -> None:
    corpus = Corpus(written(tmp_path, b"a"))
    (tmp_path / "corpus.txt").unlink()
    with pytest.raises(InvalidInput, match="no such file or directory: check the file"):
        encode(corpus)


def test_a_folder_without_files_is_named(tmp_path: Path) -> None:
    assert message(str(tmp_path)) == f'the folder "{tmp_path}" holds no files: name one that does'


def test_a_pipe_in_the_file_system_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    path = str(tmp_path / "pipe")
    assert message(path) == (
        f'"{path}" is not an ordinary file: save the text to a file, or give it as standard input'
    )


def test_empty_files_and_documents_hold_no_documents(tmp_path: Path) -> None:
    assert read(written(tmp_path, b"")) == []
    assert read(written(tmp_path, b"\n\n \n")) == []


def test_settings_that_there_are_not_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, b"a")
    for option, value, near in (
        ("tokens", "word", "words"),
        ("documents", "line", "lines"),
        ("errors", "errror", "error"),
    ):
        with pytest.raises(UnknownName, match=f'called "{value}": did you mean "{near}"'):
            Corpus(path, **{option: value})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match='there is no corpus: name a file, a folder, or "-"'):
        Corpus()
    with pytest.raises(ConfigError, match="a single text was given: give a list of texts"):
        Corpus.of_texts("ice")


def test_more_different_words_than_the_memory_holds_are_refused() -> None:
    words = " ".join(f"w{k}" for k in range(30_000))
    with pytest.raises(InvalidInput) as caught:
        encode(Corpus.of_texts([words]), memory=1_000_000)
    assert str(caught.value) == (
        "the 30,000 different words of <Corpus of the texts> need more than a quarter of the 1 MB allowed: "
        "allow more memory"
    )
