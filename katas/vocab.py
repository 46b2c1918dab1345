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
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def __contains__(self, token: str) -> bool:
        raise NotImplementedError

    def count(self, token: str) -> int:
        raise NotImplementedError

    def id_of(self, token: str) -> int:
        raise NotImplementedError

    def token_of(self, id: int) -> str:
        raise NotImplementedError

    def encode(self, tokens: Iterable[str], bos: bool = False, eos: bool = False) -> list[int]:
        raise NotImplementedError

    def decode(self, ids: Iterable[int] | Tensor, skip_specials: bool = False) -> list[str]:
        raise NotImplementedError

    def unknown_rate(self, sentences: Iterable[Iterable[str]]) -> float:
        raise NotImplementedError
