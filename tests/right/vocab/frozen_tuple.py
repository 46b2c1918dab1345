from heapq import heapify, heappop
from itertools import chain, groupby
from types import MappingProxyType


class Vocab(tuple):
    """The vocabulary *is* the frozen tuple of its tokens."""

    def __new__(cls, sentences, min_count=1, max_size=None, specials=("<pad>", "<unk>", "<bos>", "<eos>")):
        runs = groupby(sorted(chain.from_iterable(sentences)))
        counts = {token: sum(1 for _ in run) for token, run in runs}
        heap = [(-c, t) for t, c in counts.items() if c >= min_count and t not in frozenset(specials)]
        heapify(heap)
        tokens = [*specials]
        while heap and (max_size is None or len(tokens) < max_size):
            tokens.append(heappop(heap)[1])
        self = super().__new__(cls, tokens)
        self.table = MappingProxyType(dict(zip(tokens, range(len(tokens)))))
        self.counts = MappingProxyType(counts)
        self.hidden = frozenset(specials) - {"<unk>"}
        return self

    def __init__(self, *args, **kwargs):
        pass

    def __contains__(self, token):
        return token in self.table

    def count(self, token):
        return self.counts.get(token, 0)

    def id_of(self, token):
        return self.table.get(token, self.table["<unk>"])

    def token_of(self, id):
        if id < 0:
            raise IndexError(id)
        return self[id]

    def encode(self, tokens, bos=False, eos=False):
        return [*self._one("<bos>", bos), *map(self.id_of, tokens), *self._one("<eos>", eos)]

    def _one(self, token, wanted):
        if wanted:
            yield self.table[token]

    def decode(self, ids, skip_specials=False):
        drop = self.hidden if skip_specials else ()
        return [t for t in map(self.token_of, map(int, ids)) if t not in drop]

    def unknown_rate(self, sentences):
        n = known = 0
        for n, token in enumerate(chain.from_iterable(sentences), 1):
            known += token in self.table and token != "<unk>"
        return (n - known) / n if n else 0.0
