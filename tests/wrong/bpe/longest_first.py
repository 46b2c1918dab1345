# mistake: encoding takes the longest token that matches at each place instead of applying the merges in their order.
# bug: longest_match
# line: 59
import re
from collections import Counter
from itertools import pairwise


def _raw(data):
    return data.encode() if isinstance(data, str) else data


def split(data):
    return re.findall(rb"[\s\S][^ \n]*", data)


def _merge(word, pair, new):
    out = []
    for t in word:
        if out and (out[-1], t) == pair:
            out[-1] = new
        else:
            out.append(t)
    return tuple(out)


def learn_merges(data, vocab_size):
    words, merges = Counter(map(tuple, split(_raw(data)))), []
    while len(merges) + 256 < vocab_size:
        counts = Counter()
        [counts.update({p: n * k for p, k in Counter(pairwise(w)).items()}) for w, n in words.items()]
        top = max(counts.values(), default=0)
        if top < 2:
            break
        merges.append(min(p for p, n in counts.items() if n == top))
        fused = Counter()
        for w, n in words.items():
            fused[_merge(w, merges[-1], 255 + len(merges))] += n
        words = fused
    return merges


class BPE:
    def __init__(self, merges):
        self.rank = {pair: i for i, pair in enumerate(map(tuple, merges), 256)}
        self.tokens = [bytes((i,)) for i in range(256)]
        [self.tokens.append(self.tokens[a] + self.tokens[b]) for a, b in self.rank]

    def __len__(self):
        return len(self.tokens)

    def token(self, id):
        if id < 0:
            raise IndexError("negative id")
        return self.tokens[id]

    def _piece(self, word):
        rest, out = bytes(word), []
        while rest:
            out.append(
                max(
                    (i for i, t in enumerate(self.tokens) if rest.startswith(t)),
                    key=lambda i: len(self.tokens[i]),
                )
            )
            rest = rest[len(self.tokens[out[-1]]) :]
        return out

    def encode(self, data):
        return [i for piece in split(_raw(data)) for i in self._piece(tuple(piece))]

    def decode_bytes(self, ids):
        return b"".join(map(self.token, ids if isinstance(ids, (list, tuple)) else (int(i) for i in ids)))

    def decode(self, ids):
        return str(self.decode_bytes(ids), "utf-8", "replace")
