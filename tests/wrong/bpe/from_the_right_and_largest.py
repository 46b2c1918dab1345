# mistake: double: merging goes from right to left, so aaa becomes (a, aa); and of equal counts the largest pair wins.
# bug: ties_to_the_largest + from_the_right
# line: 27, 39
import itertools
from collections import defaultdict
from functools import reduce


def utf8(data):
    return data.encode("utf-8") if isinstance(data, str) else data


def split(data):
    cuts = [i for i, byte in enumerate(data) if i == 0 or byte in b" \n"] + [len(data)]
    return [data[a:b] for a, b in itertools.pairwise(cuts)]


def fuse(ids, rule):
    """Applies one rule ((a, b), new) from left to right."""
    (a, b), new = rule

    def push(done, item):
        if done and done[0] == b and item == a:
            return [new, *done[1:]]
        return [item, *done]

    return reduce(push, reversed(ids), []) if a in ids and b in ids else ids


def tally(pieces):
    counts = defaultdict(int)
    for ids in pieces:
        for pair in itertools.pairwise(ids):
            counts[pair] += 1
    return counts


def best(counts):
    return max(counts, key=lambda p: (counts[p], p), default=None)


def learn_merges(data, vocab_size):
    def grow(pieces, new):
        counts = tally(pieces)
        pair = best(counts)
        if new >= vocab_size or pair is None or counts[pair] < 2:
            return []
        return [pair, *grow([fuse(ids, (pair, new)) for ids in pieces], new + 1)]

    return grow([list(p) for p in split(utf8(data))], 256)


def learn_all(merges):
    return reduce(
        lambda table, ab: [*table, table[ab[0]] + table[ab[1]]], merges, [bytes([i]) for i in range(256)]
    )


class BPE:
    def __init__(self, merges):
        self.rules = tuple(((a, b), 256 + i) for i, (a, b) in enumerate(merges))
        self.table = tuple(learn_all(merges))

    def __len__(self):
        return len(self.table)

    def token(self, id):
        if id in range(len(self)):
            return self.table[id]
        raise IndexError(f"id {id} is out of range")

    def encode(self, data):
        pieces = [reduce(fuse, self.rules, list(p)) for p in split(utf8(data))]
        return [i for piece in pieces for i in piece]

    def decode_bytes(self, ids):
        return b"".join([self.token(int(i)) for i in ids])

    def decode(self, ids):
        return self.decode_bytes(ids).decode(errors="replace")
