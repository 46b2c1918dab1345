"""A vocabulary: ids for the tokens that are frequent enough, `<unk>` for all the others.

ids: special tokens first, then by falling count, then in the order of strings
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from torch import Tensor


class Vocab:
    def __init__(
        self,
        sentences: Iterable[Iterable[str]],
        min_count: int = 1,
        max_size: int | None = None,
        specials: Sequence[str] = ("<pad>", "<unk>", "<bos>", "<eos>"),
    ):
        self.counts = Counter(token for sentence in sentences for token in sentence)
        self.skipped = set(specials) - {"<unk>"}
        frequent = [t for t, count in self.counts.items() if count >= min_count and t not in specials]
        ranked = sorted(frequent, key=lambda t: (-self.counts[t], t))
        self.tokens = [*specials, *ranked][:max_size]
        self.ids = {t: i for i, t in enumerate(self.tokens)}

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: str) -> bool:
        return token in self.ids

    def count(self, token: str) -> int:
        return self.counts[token]

    def id_of(self, token: str) -> int:
        return self.ids.get(token, self.ids["<unk>"])

    def token_of(self, id: int) -> str:
        if not 0 <= id < len(self.tokens):
            raise IndexError(f"id {id} is not in [0, {len(self.tokens)})")
        return self.tokens[id]

    def encode(self, tokens: Iterable[str], bos: bool = False, eos: bool = False) -> list[int]:
        before = ["<bos>"] if bos else []
        after = ["<eos>"] if eos else []
        return [self.id_of(token) for token in [*before, *tokens, *after]]

    def decode(self, ids: Iterable[int] | Tensor, skip_specials: bool = False) -> list[str]:
        tokens = [self.token_of(int(i)) for i in ids]
        return [t for t in tokens if not (skip_specials and t in self.skipped)]

    def unknown_rate(self, sentences: Iterable[Iterable[str]]) -> float:
        ids = [i for sentence in sentences for i in self.encode(sentence)]
        return ids.count(self.ids["<unk>"]) / max(len(ids), 1)
