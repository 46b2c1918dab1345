SPACE = 32
NEWLINE = 10


def as_bytes(data):
    if isinstance(data, str):
        return data.encode("utf-8")
    return bytes(data)


def split(data):
    pieces = []
    current = bytearray()
    for byte in data:
        if byte in (SPACE, NEWLINE) and len(current) > 0:
            pieces.append(bytes(current))
            current = bytearray()
        current.append(byte)
    if len(current) > 0:
        pieces.append(bytes(current))
    return pieces


def merge_in_place(word, a, b, new):
    i = 0
    while i < len(word) - 1:
        if word[i] == a and word[i + 1] == b:
            word[i : i + 2] = [new]
        i += 1


def learn_merges(data, vocab_size):
    words = []
    for piece in split(as_bytes(data)):
        words.append(list(piece))
    merges = []
    for new in range(256, vocab_size):
        counts = {}
        for word in words:
            for i in range(len(word) - 1):
                pair = (word[i], word[i + 1])
                counts[pair] = counts.get(pair, 0) + 1
        best = None
        best_count = 1
        for pair, count in counts.items():
            if count > best_count:
                best = pair
                best_count = count
            elif count == best_count and best is not None and pair < best:
                best = pair
        if best is None:
            break
        for word in words:
            merge_in_place(word, best[0], best[1], new)
        merges.append(best)
    return merges


class BPE:
    def __init__(self, merges):
        self._merges = list(merges)
        self._tokens = []
        for value in range(256):
            self._tokens.append(bytes([value]))
        for a, b in self._merges:
            self._tokens.append(self._tokens[a] + self._tokens[b])
        self._cache = {}

    def __len__(self):
        return 256 + len(self._merges)

    def token(self, id):
        if not 0 <= id < len(self):
            raise IndexError(id)
        return self._tokens[id]

    def encode(self, data):
        out = []
        for piece in split(as_bytes(data)):
            if piece not in self._cache:
                word = list(piece)
                for i in range(len(self._merges)):
                    if len(word) < 2:
                        break
                    a, b = self._merges[i]
                    merge_in_place(word, a, b, 256 + i)
                self._cache[piece] = tuple(word)
            out += self._cache[piece]
        return out

    def decode_bytes(self, ids):
        data = bytearray()
        for i in ids:
            data += self.token(int(i))
        return bytes(data)

    def decode(self, ids):
        return self.decode_bytes(ids).decode("utf-8", "replace")
