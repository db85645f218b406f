"""The public names of word vectors, each loaded from its module when it is first used."""

from .corpus import Corpus as Corpus
from .counting import count as count
from .counts import Counts as Counts
from .counts_file import load_counts as load_counts
from .encoding import Encoded as Encoded
from .encoding import encode as encode
from .epochs import Epoch as Epoch
from .epochs import Progress as Progress
from .evaluation import evaluate_analogies as evaluate_analogies
from .evaluation import evaluate_pairs as evaluate_pairs
from .glove import GloVe as GloVe
from .glove import train_glove as train_glove
from .glove_tables import Start as Start
from .merging import merge_counts as merge_counts
from .question_files import read_questions as read_questions
from .svd import SVD as SVD
from .svd import bag_of_words as bag_of_words
from .svd import one_hot as one_hot
from .svd import ppmi_of as ppmi_of
from .svd import train_svd as train_svd
from .tokens import words_of as words_of
from .trained import vectors_of as vectors_of
from .vectors import Vectors as Vectors
from .vocabulary import Vocabulary as Vocabulary
from .word2vec import Word2Vec as Word2Vec
from .word2vec import train_word2vec as train_word2vec
