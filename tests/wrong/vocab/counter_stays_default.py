# mistake: The counts stay a defaultdict, and membership is read from it.
# bug: specials_not_in
from collections import defaultdict

import torch


def tally(sentences):
    counts = defaultdict(int)
    for sentence in sentences:
        for token in sentence:
            counts[token] += 1
    return counts


def rank(counts, min_count, excluded):
    by_count = defaultdict(list)
    for token, n in counts.items():
        if n >= min_count and token not in excluded:
            by_count[n].append(token)
    for n in sorted(by_count, reverse=True):
        yield from sorted(by_count[n])


class Vocab:
    def __init__(self, sentences, min_count=1, max_size=None, specials=("<pad>", "<unk>", "<bos>", "<eos>")):
        self._counts = tally(sentences)
        self._special = {token: i for i, token in enumerate(specials)}
        names = list(specials) + list(rank(self._counts, min_count, self._special))
        if max_size is not None:
            names = names[:max_size]
        self._names = names
        self._numbers = {**{t: i for i, t in enumerate(names)}}

    def __len__(self):
        return len(self._names)

    def __contains__(self, token):
        return self._counts[token] > 0 and token in self._numbers

    def count(self, token):
        return self._counts[token]

    def id_of(self, token):
        number = self._numbers.get(token)
        return self._numbers["<unk>"] if number is None else number

    def token_of(self, id):
        if id >= 0 and id < len(self):
            return self._names[id]
        raise IndexError("no such id")

    def encode(self, tokens, bos=False, eos=False):
        tokens = list(tokens)
        if bos:
            tokens = ["<bos>"] + tokens
        if eos:
            tokens = tokens + ["<eos>"]
        return [self.id_of(token) for token in tokens]

    def decode(self, ids, skip_specials=False):
        ids = ids if isinstance(ids, torch.Tensor) else torch.tensor(list(ids), dtype=torch.int64)
        if len(ids) and (ids.min() < 0 or ids.max() >= len(self)):
            raise IndexError("no such id")
        if skip_specials:
            ids = ids[(ids >= len(self._special)) | (ids == self._numbers["<unk>"])]
        return [self._names[i] for i in ids.tolist()]

    def unknown_rate(self, sentences):
        ids = torch.tensor([self.id_of(t) for s in sentences for t in s], dtype=torch.float64)
        return (ids == self._numbers["<unk>"]).double().mean().item() if len(ids) else 0.0
