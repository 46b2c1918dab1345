# mistake: double: the last pair of a piece is never merged; and ids that do not exist raise KeyError when they are decoded.
# line: 26
import itertools
from collections import Counter


def to_bytes(data):
    return data.encode("utf-8") if isinstance(data, str) else data


def split(data):
    pieces = []
    start = 0
    for i in range(1, len(data)):
        if data[i] == 32 or data[i] == 10:
            pieces.append(data[start:i])
            start = i
    if data:
        pieces.append(data[start:])
    return pieces


def merge(ids, pair, new_id):
    result = []
    i = 0
    while i < len(ids):
        if i + 2 < len(ids) and (ids[i], ids[i + 1]) == pair:
            result.append(new_id)
            i += 2
        else:
            result.append(ids[i])
            i += 1
    return result


def learn_merges(data, vocab_size):
    pieces = Counter(split(to_bytes(data)))
    words = [(list(piece), count) for piece, count in pieces.items()]
    merges = []
    while 256 + len(merges) < vocab_size:
        counts = Counter()
        for ids, count in words:
            for pair in itertools.pairwise(ids):
                counts[pair] += count
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        if counts[best] < 2:
            break
        words = [(merge(ids, best, 256 + len(merges)), count) for ids, count in words]
        merges.append(best)
    return merges


class BPE:
    def __init__(self, merges):
        self.ranks = {}
        self.vocab = {i: bytes([i]) for i in range(256)}
        for i, (a, b) in enumerate(merges):
            self.ranks[(a, b)] = i
            self.vocab[256 + i] = self.vocab[a] + self.vocab[b]

    def __len__(self):
        return len(self.vocab)

    def token(self, id):
        if id < 0 or id >= len(self.vocab):
            raise IndexError(f"no token {id}")
        return self.vocab[id]

    def encode_piece(self, piece):
        ids = list(piece)
        while len(ids) > 1:
            best = min(itertools.pairwise(ids), key=lambda pair: self.ranks.get(pair, len(self.ranks)))
            if best not in self.ranks:
                break
            shorter = merge(ids, best, 256 + self.ranks[best])
            if len(shorter) == len(ids):
                break
            ids = shorter
        return ids

    def encode(self, data):
        ids = []
        for piece in split(to_bytes(data)):
            ids.extend(self.encode_piece(piece))
        return ids

    def decode_bytes(self, ids):
        return b"".join(self.vocab[int(i)] for i in ids)

    def decode(self, ids):
        return self.decode_bytes(ids).decode("utf-8", errors="replace")
