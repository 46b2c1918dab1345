"""Byte-pair encoding: tokens begin as bytes; the most frequent pair of neighbours becomes the next token.

ids 0 … 255 are the bytes, id 256 + i is what merge i makes
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from torch import Tensor

Pair = tuple[int, int]


def split(data: bytes) -> list[bytes]:
    pieces: list[list[int]] = []
    for byte in data:
        if byte in b" \n" or not pieces:
            pieces.append([])
        pieces[-1].append(byte)
    return [bytes(piece) for piece in pieces]


def learn_merges(data: str | bytes, vocab_size: int) -> list[Pair]:
    often = Counter(split(to_bytes(data)))
    words = {piece: list(piece) for piece in often}  # each different piece as ids
    merges: list[Pair] = []
    while 256 + len(merges) < vocab_size:
        counts: Counter[Pair] = Counter()
        for piece, ids in words.items():
            for pair in pairwise(ids):
                counts[pair] += often[piece]
        best = min(counts, key=lambda pair: (-counts[pair], pair), default=None)
        if best is None or counts[best] < 2:
            break
        words = {piece: merge(ids, best, 256 + len(merges)) for piece, ids in words.items()}
        merges.append(best)
    return merges


def merge(ids: list[int], pair: Pair, new: int) -> list[int]:
    merged: list[int] = []
    i = 0
    while i < len(ids):
        found = tuple(ids[i : i + 2]) == pair
        merged.append(new if found else ids[i])
        i += 2 if found else 1
    return merged


def to_bytes(data: str | bytes) -> bytes:
    return data.encode() if isinstance(data, str) else data


class BPE:
    def __init__(self, merges: Sequence[Pair]):
        self.merges = list(merges)
        self.ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        self.tokens = [bytes([byte]) for byte in range(256)]
        for first, second in self.merges:
            self.tokens.append(self.tokens[first] + self.tokens[second])

    def __len__(self) -> int:
        return len(self.tokens)

    def token(self, id: int) -> bytes:
        if not 0 <= id < len(self.tokens):
            raise IndexError(f"id {id} is not in [0, {len(self.tokens)})")
        return self.tokens[id]

    def encode(self, data: str | bytes) -> list[int]:
        return [id for piece in split(to_bytes(data)) for id in self.encode_piece(piece)]

    def encode_piece(self, piece: bytes) -> list[int]:
        ids = list(piece)
        while True:
            known = [self.ranks[pair] for pair in pairwise(ids) if pair in self.ranks]
            if not known:
                return ids
            rank = min(known)  # what was learned first is merged first
            ids = merge(ids, self.merges[rank], 256 + rank)

    def decode_bytes(self, ids: Iterable[int] | Tensor) -> bytes:
        return b"".join(self.token(int(id)) for id in ids)

    def decode(self, ids: Iterable[int] | Tensor) -> str:
        return self.decode_bytes(ids).decode(errors="replace")
