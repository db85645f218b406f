"""Why two words are alike."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from chainrule.errors import ConfigError, InvalidInput
from chainrule.words.counts import Counts
from chainrule.words.ratios import ppmi_of
from chainrule.words.vocabulary import Vocabulary
from chainrule.words.why import why
from word_files import small_counts

Told = Callable[..., str]


@pytest.mark.parametrize("most", [1, 3, 100])
def test_what_the_contexts_add_sums_to_the_cosine(most: int) -> None:
    counts = small_counts()
    found = why(counts, "ice", "steam", most)
    a, b = (ppmi_of(counts, word) for word in ("ice", "steam"))
    assert found.cosine == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b))
    assert sum(each.adds for each in found.shared) + found.others_add == pytest.approx(found.cosine)
    adds = [each.adds for each in found.shared]
    assert adds == sorted(adds, reverse=True)


def test_words_without_company_are_refused(told: Told) -> None:
    counts = Counts.from_cells(Vocabulary(["a", "b"], [2, 1]), [0], [0], [1.0], symmetric=False)
    assert told(InvalidInput, lambda: why(counts, "a", "b")) == (
        'nothing stands near "a" more often than by chance: name another word, or count more text'
    )
    assert told(ConfigError, lambda: why(counts, "a", "a")) == (
        'the two words are both "a": name two different ones'
    )
    assert told(ConfigError, lambda: why(counts, "a", "b", 0)) == (
        "how many contexts to give is a whole number of at least 1, not 0"
    )
