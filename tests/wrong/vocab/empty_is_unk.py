# mistake: Empty tokens are left out of the counts.
from collections import Counter
from itertools import chain, islice


class Vocab:
    def __init__(self, sentences, min_count=1, max_size=None, specials=("<pad>", "<unk>", "<bos>", "<eos>")):
        self.n = Counter(t for t in chain.from_iterable(sentences) if t)
        words = (t for t, _ in sorted(self.n.items(), key=lambda p: (-p[1], p[0])) if self.n[t] >= min_count)
        fixed = tuple(specials)
        self.t = tuple(islice(chain(fixed, (t for t in words if t not in fixed)), max_size))
        self.i = dict(zip(self.t, range(len(self.t))))
        self.unk = self.i["<unk>"]
        self.hide = frozenset(range(len(fixed))) - {self.unk}

    __len__ = lambda self: len(self.t)
    __contains__ = lambda self, token: token in self.i
    count = lambda self, token: self.n.get(token, 0)
    id_of = lambda self, token: self.i.get(token, self.unk)

    def token_of(self, id):
        if id not in range(len(self.t)):
            raise IndexError(id)
        return self.t[id]

    def encode(self, tokens, bos=False, eos=False):
        return [self.i["<bos>"]] * bos + list(map(self.id_of, tokens)) + [self.i["<eos>"]] * eos

    def decode(self, ids, skip_specials=False):
        return [self.token_of(i) for i in map(int, ids) if not (skip_specials and i in self.hide)]

    def unknown_rate(self, sentences):
        known = [self.id_of(t) != self.unk for t in chain.from_iterable(sentences)]
        return 1 - sum(known) / len(known) if known else 0.0
