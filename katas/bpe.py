from collections.abc import Iterable, Sequence

from torch import Tensor


def split(data: bytes) -> list[bytes]:
    raise NotImplementedError


def learn_merges(data: str | bytes, vocab_size: int) -> list[tuple[int, int]]:
    raise NotImplementedError


class BPE:
    def __init__(self, merges: Sequence[tuple[int, int]]):
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def token(self, id: int) -> bytes:
        raise NotImplementedError

    def encode(self, data: str | bytes) -> list[int]:
        raise NotImplementedError

    def decode_bytes(self, ids: Iterable[int] | Tensor) -> bytes:
        raise NotImplementedError

    def decode(self, ids: Iterable[int] | Tensor) -> str:
        raise NotImplementedError
