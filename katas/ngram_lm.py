from collections.abc import Iterable, Sequence
from random import Random


class NgramLM:
    vocab: list[str]

    def __init__(
        self,
        sentences: Iterable[Sequence[str]],
        n: int,
        k: float = 0.0,
        weights: Sequence[float] | None = None,
    ):
        raise NotImplementedError

    def count(self, ngram: Sequence[str]) -> int:
        raise NotImplementedError

    def prob(self, token: str, context: Sequence[str]) -> float:
        raise NotImplementedError

    def log_prob(self, sentence: Sequence[str]) -> float:
        raise NotImplementedError

    def perplexity(self, sentences: Iterable[Sequence[str]]) -> float:
        raise NotImplementedError

    def next_token(self, context: Sequence[str], u: float) -> str:
        raise NotImplementedError

    def sample(self, rng: Random, max_tokens: int = 20) -> list[str]:
        raise NotImplementedError
