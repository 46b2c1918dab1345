"""An n-gram language model: relative frequencies, with add-k smoothing and interpolation of all orders up to n.

pⱼ(w | c) = (count(cⱼ, w) + k) / (count(cⱼ) + kV),    p(w | c) = Σⱼ λⱼ pⱼ(w | c)
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import exp, inf, log
from random import Random

START, END = "<s>", "</s>"


class NgramLM:
    def __init__(
        self,
        sentences: Iterable[Sequence[str]],
        n: int,
        k: float = 0.0,
        weights: Sequence[float] | None = None,
    ):
        self.k = k
        self.weights = [0.0] * (n - 1) + [1.0] if weights is None else list(weights)
        self.start = [START] * (n - 1)
        self.counts, self.followed = Counter(), Counter()
        seen = set()
        for sentence in sentences:
            seen.update(sentence)
            padded = [*self.start, *sentence, END]
            for i in range(n - 1, len(padded)):  # the predicted places
                for length in range(n):
                    context = tuple(padded[i - length : i])
                    self.counts[*context, padded[i]] += 1
                    self.followed[context] += 1
        self.vocab = [*sorted(seen), END]

    def count(self, ngram: Sequence[str]) -> int:
        return self.counts[tuple(ngram)]

    def prob(self, token: str, context: Sequence[str]) -> float:
        history = [*self.start, *context]
        size = len(self.vocab)
        p = 0.0
        for length, weight in enumerate(self.weights):
            recent = tuple(history[len(history) - length :])
            above = self.counts[*recent, token] + self.k
            below = self.followed[recent] + self.k * size
            p += weight * (above / below if below > 0 else 1 / size)
        return p

    def log_prob(self, sentence: Sequence[str]) -> float:
        tokens = [*sentence, END]
        probs = [self.prob(token, tokens[:i]) for i, token in enumerate(tokens)]
        return sum(log(p) if p > 0 else -inf for p in probs)

    def perplexity(self, sentences: Iterable[Sequence[str]]) -> float:
        total, places = 0.0, 0
        for sentence in sentences:
            total += self.log_prob(sentence)
            places += len(sentence) + 1
        return exp(-total / places)

    def next_token(self, context: Sequence[str], u: float) -> str:
        cumulative = 0.0
        chosen = END
        for token in self.vocab:
            p = self.prob(token, context)
            cumulative += p
            if p > 0:
                chosen = token
            if cumulative > u:
                break
        return chosen

    def sample(self, rng: Random, max_tokens: int = 20) -> list[str]:
        tokens: list[str] = []
        while len(tokens) < max_tokens:
            token = self.next_token(tokens, rng.random())
            if token == END:
                break
            tokens.append(token)
        return tokens
