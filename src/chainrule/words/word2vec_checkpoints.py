"""Checkpoints of word2vec: everything that training needs to go on, in order to the same bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ModelFileError
from chainrule.files.atomic import PathLike, quoted
from chainrule.files.tensors import read_tensors, write_tensors
from chainrule.words.epochs import Epoch
from chainrule.words.vocabulary import Vocabulary
from chainrule.words.word2vec_tables import Tables
from chainrule.words.word2vec_training import State

KIND = "word2vec checkpoint"


class Checkpoint:
    """The checkpoint of one training."""

    def __init__(
        self,
        path: PathLike,
        vocabulary: Vocabulary,
        ids: NDArray[np.int32],
        settings: Mapping[str, Any],
        tables: Tables,
    ) -> None:
        self.path, self.vocabulary, self.ids = path, vocabulary, ids
        self.settings, self.tables = dict(settings), tables

    @cached_property
    def _fingerprint(self) -> str:
        """What the training is of: the words, the corpus, and the frozen ones."""
        found = blake2b(digest_size=16)
        found.update("\n".join(self.vocabulary.words).encode())
        frozen = [] if self.tables.frozen is None else [self.tables.frozen]
        for array in (self.vocabulary.counts, self.ids, *frozen):
            found.update(np.ascontiguousarray(array).data)
        return found.hexdigest()

    def save(self, state: State) -> None:
        """Write it in one step; what was there before stays until then."""
        header = {**asdict(state), "settings": self.settings, "corpus": self._fingerprint}
        write_tensors(self.path, {"tables": self.tables.numbers}, header, kind=KIND)

    def load(self) -> State:
        """Put the tables back as they were. Raises ModelFileError for a checkpoint of other settings."""
        tensors, header = read_tensors(self.path, kind=KIND)
        for name, value in self.settings.items():
            if header["settings"].get(name) != value:
                raise ModelFileError(
                    f"{quoted(self.path)} was made with {name} {header['settings'].get(name)!r}, and it is now "
                    f"{value!r}: set {name} as it was, or begin anew without resuming"
                )
        if header["corpus"] != self._fingerprint:
            raise ModelFileError(
                f"{quoted(self.path)} was made with another corpus or other frozen words: give those it was "
                "made with, or begin anew without resuming"
            )
        np.copyto(self.tables.numbers, tensors["tables"])
        epochs = [Epoch(**epoch) for epoch in header["epochs"]]
        return State(epochs, header["done"], header["spent"], header["cost"], header["examples"])
