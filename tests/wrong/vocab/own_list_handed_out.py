# mistake: decode without unknown ids hands out a list that is kept, and encode as well.
class Vocab:
    def __init__(self, sentences, min_count=1, max_size=None, specials=("<pad>", "<unk>", "<bos>", "<eos>")):
        self.seen, self.times = [], []
        for sentence in sentences:
            for token in sentence:
                if token in self.seen:
                    self.times[self.seen.index(token)] += 1
                else:
                    self.seen.append(token)
                    self.times.append(1)
        self.n_special = 0
        self.all = []
        for token in specials:
            self.all.append(token)
            self.n_special += 1
        left = [(n, t) for n, t in zip(self.times, self.seen) if n >= min_count and t not in self.all]
        while left and (max_size is None or len(self.all) < max_size):
            best = left[0]
            for entry in left[1:]:
                if entry[0] > best[0] or (entry[0] == best[0] and entry[1] < best[1]):
                    best = entry
            left.remove(best)
            self.all.append(best[1])

    def __len__(self):
        n = 0
        for _ in self.all:
            n += 1
        return n

    def __contains__(self, token):
        return any(token == other for other in self.all)

    def count(self, token):
        return sum(n for n, t in zip(self.times, self.seen) if t == token)

    def id_of(self, token):
        try:
            return self.all.index(token)
        except ValueError:
            return self.all.index("<unk>")

    def token_of(self, id):
        for i, token in enumerate(self.all):
            if i == id:
                return token
        raise IndexError(id)

    def encode(self, tokens, bos=False, eos=False):
        ids = [self.id_of(t) for t in tokens]
        if bos:
            ids.insert(0, self.all.index("<bos>"))
        if eos:
            ids.append(self.all.index("<eos>"))
        return ids

    def decode(self, ids, skip_specials=False):
        unk = self.all.index("<unk>")
        ids = tuple(int(i) for i in ids)
        self.memo = getattr(self, "memo", {})
        if (ids, skip_specials) not in self.memo:
            self.memo[ids, skip_specials] = [
                self.token_of(i) for i in ids if not skip_specials or not 0 <= i < self.n_special or i == unk
            ]
        return self.memo[ids, skip_specials]

    def unknown_rate(self, sentences):
        flags = [t not in self.all or t == "<unk>" for s in sentences for t in s]
        return flags.count(True) / len(flags) if flags else 0.0
