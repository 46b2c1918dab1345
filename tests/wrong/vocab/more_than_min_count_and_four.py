# mistake: A token needs more than min_count, and skip_specials takes the first four ids for the special ones.
# bug: strict_min_count + first_four_skipped
from collections import Counter


class Vocab:
    def __init__(self, sentences, min_count=1, max_size=None, specials=("<pad>", "<unk>", "<bos>", "<eos>")):
        self._counts = Counter(token for sentence in sentences for token in sentence)
        self._specials = tuple(specials)
        words = [t for t, c in self._counts.items() if c > min_count and t not in self._specials]
        words.sort(key=lambda t: (-self._counts[t], t))
        tokens = list(self._specials) + words
        if max_size is not None:
            tokens = tokens[:max_size]
        self._tokens = tokens
        self._ids = {t: i for i, t in enumerate(tokens)}
        self._unk = self._ids["<unk>"]

    def __len__(self):
        return len(self._tokens)

    def __contains__(self, token):
        return token in self._ids

    def count(self, token):
        return self._counts[token]

    def id_of(self, token):
        return self._ids.get(token, self._unk)

    def token_of(self, id):
        if not 0 <= id < len(self._tokens):
            raise IndexError(id)
        return self._tokens[id]

    def encode(self, tokens, bos=False, eos=False):
        ids = [self.id_of(t) for t in tokens]
        if bos:
            ids.insert(0, self._ids["<bos>"])
        if eos:
            ids.append(self._ids["<eos>"])
        return ids

    def decode(self, ids, skip_specials=False):
        tokens = [self.token_of(int(i)) for i in ids]
        if skip_specials:
            tokens = [t for t in tokens if self._ids[t] >= 4 or t == "<unk>"]
        return tokens

    def unknown_rate(self, sentences):
        total = unknown = 0
        for sentence in sentences:
            for token in sentence:
                total += 1
                unknown += self.id_of(token) == self._unk
        return unknown / total if total else 0.0
