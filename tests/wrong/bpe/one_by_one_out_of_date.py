# mistake: The counts beside a merge are only lowered; the new pairs that it brings get no count.
"""Counts are corrected beside each merge, and the best pair comes from a heap; ids are those of a linked list."""

import heapq
import itertools
from collections import Counter, defaultdict
from functools import cache


def split(data):
    starts = [i for i, byte in enumerate(data) if i == 0 or byte in (10, 32)]
    ends = [*starts, len(data)][1:]
    return [data[a:b] for a, b in zip(starts, ends, strict=True)]


def utf8(data):
    return bytes(data, "utf-8") if isinstance(data, str) else bytes(data)


def learn_merges(data, vocab_size):
    pieces = [(list(piece), n) for piece, n in Counter(split(utf8(data))).items()]
    counts, where = Counter(), defaultdict(set)
    for index, (ids, n) in enumerate(pieces):
        for pair in itertools.pairwise(ids):
            counts[pair] += n
            where[pair].add(index)
    heap = [(-n, pair) for pair, n in counts.items()]
    heapq.heapify(heap)
    merges = []
    while heap and 256 + len(merges) < vocab_size:
        n, best = heapq.heappop(heap)
        if counts[best] != -n:  # out of date; the right entry is elsewhere in the heap
            continue
        if -n < 2:
            break
        new = 256 + len(merges)
        merges.append(best)
        touched = set()
        for index in list(where[best]):
            ids, often = pieces[index]
            for pair in itertools.pairwise(ids):
                counts[pair] -= often
                touched.add(pair)
            i = 0
            while i + 1 < len(ids):
                if (ids[i], ids[i + 1]) == best:
                    ids[i] = new
                    del ids[i + 1]
                i += 1
            for pair in itertools.pairwise(ids):
                if new not in pair:
                    counts[pair] += often
                where[pair].add(index)
                touched.add(pair)
        for pair in touched:
            if counts[pair] > 0:
                heapq.heappush(heap, (-counts[pair], pair))
    return merges


class Tokens(list):
    def __getitem__(self, id):
        if id < 0:
            raise IndexError(id)
        return super().__getitem__(id)


class BPE:
    def __init__(self, merges):
        self.merges = {pair: 256 + i for i, pair in enumerate(merges)}
        self.tokens = Tokens(bytes([i]) for i in range(256))
        for a, b in self.merges:
            self.tokens.append(self.tokens[a] + self.tokens[b])
        self.piece = cache(self._piece)

    def __len__(self):
        return len(self.tokens)

    def token(self, id):
        return self.tokens[id]

    def _piece(self, piece):
        after = [*list(range(1, len(piece))), None]
        ids = dict(enumerate(piece))
        while True:
            best, at, i = len(self.tokens), None, 0
            while after[i] is not None:
                made = self.merges.get((ids[i], ids[after[i]]), len(self.tokens))
                if made < best:
                    best, at = made, i
                i = after[i]
            if at is None:
                return tuple(ids.values())
            ids[at] = best
            del ids[after[at]]
            after[at] = after[after[at]]

    def encode(self, data):
        return [id for piece in split(utf8(data)) for id in self.piece(piece)]

    def decode_bytes(self, ids):
        out = bytearray()
        for id in ids:
            out += self.tokens[int(id)]
        return bytes(out)

    def decode(self, ids):
        return str(self.decode_bytes(ids), "utf-8", "replace")
