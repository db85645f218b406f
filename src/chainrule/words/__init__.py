"""Words known by the company they keep: corpora, vocabularies, counts, and the vectors made of them."""
