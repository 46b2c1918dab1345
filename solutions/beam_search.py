"""Beam search: of all continuations found so far, keep the B best; let those that have not ended grow by a token.

With α between 0 (no correction) and 1 (the mean log-probability of a token):

    score(y) = log P(y | prompt) / |y|^α,    log P(y | prompt) = Σₜ log p(yₜ | prompt, y₁ … yₜ₋₁)
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass
class Hypothesis:
    tokens: list[int]  # what was generated, eos included
    log_prob: float
    finished: bool = False

    def score(self, alpha: float) -> float:
        return self.log_prob / max(len(self.tokens), 1) ** alpha


@torch.no_grad()
def beam_search(
    log_probs: Callable[[Tensor], Tensor],
    prompt: Tensor,
    eos: int,
    beam_width: int,
    max_new_tokens: int,
    alpha: float = 0.75,
) -> list[tuple[list[int], float]]:
    beam = [Hypothesis([], 0.0)]
    for _ in range(max_new_tokens):
        live = [h for h in beam if not h.finished]
        if not live:
            break
        candidates = [h for h in beam if h.finished]
        grown = torch.tensor([h.tokens for h in live], dtype=prompt.dtype, device=prompt.device)  # (n, t)
        prefixes = torch.cat([prompt.expand(len(live), -1), grown], dim=1)  # (n, T + t)
        table = log_probs(prefixes)  # (n, V)
        for hypothesis, row in zip(live, table.tolist(), strict=True):
            for token, log_prob in enumerate(row):
                if log_prob > -torch.inf:
                    tokens = [*hypothesis.tokens, token]
                    total = hypothesis.log_prob + log_prob
                    candidates.append(Hypothesis(tokens, total, token == eos))
        candidates.sort(key=lambda h: h.score(alpha), reverse=True)
        beam = candidates[:beam_width]
    return [(h.tokens, h.score(alpha)) for h in beam]
