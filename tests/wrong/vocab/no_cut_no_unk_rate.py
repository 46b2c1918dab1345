# mistake: min_count is ignored, and the rate is that of the known.
# bug: no_min_count + known_rate
class Vocab:
    def __init__(self, sentences, min_count=1, max_size=None, specials=("<pad>", "<unk>", "<bos>", "<eos>")):
        self.freq = {}
        for sentence in sentences:
            for token in sentence:
                if token not in self.freq:
                    self.freq[token] = 0
                self.freq[token] += 1
        self.specials = list(specials)
        items = sorted(self.freq.items())
        items.sort(key=lambda item: item[1], reverse=True)
        self.itos = list(self.specials)
        for token, freq in items:
            if max_size is not None and len(self.itos) >= max_size:
                break
            if token in self.specials:
                continue
            self.itos.append(token)
        self.stoi = {}
        for i, token in enumerate(self.itos):
            self.stoi[token] = i

    def __len__(self):
        return len(self.itos)

    def __contains__(self, token):
        return token in self.stoi

    def count(self, token):
        if token in self.freq:
            return self.freq[token]
        return 0

    def id_of(self, token):
        if token in self.stoi:
            return self.stoi[token]
        return self.stoi["<unk>"]

    def token_of(self, id):
        if id < 0:
            raise IndexError("negative id")
        return self.itos[id]

    def encode(self, tokens, bos=False, eos=False):
        result = []
        if bos:
            result.append(self.stoi["<bos>"])
        for token in tokens:
            result.append(self.id_of(token))
        if eos:
            result.append(self.stoi["<eos>"])
        return result

    def decode(self, ids, skip_specials=False):
        result = []
        for i in ids:
            token = self.token_of(i)
            if skip_specials and token in self.specials and token != "<unk>":
                continue
            result.append(token)
        return result

    def unknown_rate(self, sentences):
        unknown = total = 0
        for sentence in sentences:
            for token in sentence:
                total += 1
                if self.id_of(token) == self.stoi["<unk>"]:
                    unknown += 1
        return 1 - unknown / total if total else 0.0
