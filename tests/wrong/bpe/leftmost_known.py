# mistake: The encoder merges what it knows from the left, whatever was learned first.
# bug: leftmost_first
import re
from collections import defaultdict


def split(data):
    return re.findall(rb"[ \n][^ \n]*|[^ \n]+", data)


def as_bytes(data):
    return data.encode("utf-8") if isinstance(data, str) else data


def count_pairs(words):
    pairs = defaultdict(int)
    for ids, count in words:
        for i in range(len(ids) - 1):
            pairs[ids[i], ids[i + 1]] += count
    return pairs


def replace(ids, pair, new_id):
    out, i = [], 0
    while i < len(ids):
        if i + 1 < len(ids) and (ids[i], ids[i + 1]) == pair:
            out.append(new_id)
            i += 2
        else:
            out.append(ids[i])
            i += 1
    return out


def learn_merges(data, vocab_size):
    counts = defaultdict(int)
    for piece in split(as_bytes(data)):
        counts[piece] += 1
    words = [(list(piece), count) for piece, count in counts.items()]
    merges = []
    for new_id in range(256, vocab_size):
        pairs = count_pairs(words)
        if not pairs or max(pairs.values()) < 2:
            break
        best = sorted(pairs.items(), key=lambda item: (-item[1], item[0]))[0][0]
        merges.append(best)
        words = [(replace(ids, best, new_id), count) for ids, count in words]
    return merges


class BPE:
    def __init__(self, merges):
        self.merges = tuple(merges)
        self.vocab = {i: bytes([i]) for i in range(256)}
        for i, (a, b) in enumerate(self.merges):
            self.vocab[256 + i] = self.vocab[a] + self.vocab[b]

    def __len__(self):
        return len(self.vocab)

    def token(self, id):
        try:
            return self.vocab[id]
        except KeyError:
            raise IndexError(f"no token {id}") from None

    def encode(self, data):
        out = []
        for piece in split(as_bytes(data)):
            ids = list(piece)
            known = {pair: 256 + i for i, pair in enumerate(self.merges)}
            at = 0
            while at + 1 < len(ids):
                if (ids[at], ids[at + 1]) in known:
                    ids[at : at + 2] = [known[ids[at], ids[at + 1]]]
                    at = 0
                else:
                    at += 1
            out.extend(ids)
        return out

    def decode_bytes(self, ids):
        return b"".join(self.token(int(i)) for i in ids)

    def decode(self, ids):
        return self.decode_bytes(ids).decode("utf-8", errors="replace")
