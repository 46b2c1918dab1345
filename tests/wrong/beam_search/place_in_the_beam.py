# mistake: The row of a hypothesis is its place in the whole beam, though only those that have not ended were passed to the model.
# bug: rows_of_whole_beam
# line: 41
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass
class Hyp:
    tokens: list[int] = field(default_factory=list)
    logp: float = 0.0
    done: bool = False

    def score(self, alpha: float) -> float:
        return self.logp / len(self.tokens) ** alpha


def beam_search(
    log_probs: Callable[[Tensor], Tensor],
    prompt: Tensor,
    eos: int,
    beam_width: int,
    max_new_tokens: int,
    alpha: float = 0.75,
) -> list[tuple[list[int], float]]:
    beam = [Hyp()]
    start = prompt.tolist()
    for _ in range(max_new_tokens):
        rows = [start + h.tokens for h in beam if not h.done]
        if not rows:
            break
        lp = log_probs(torch.tensor(rows, dtype=torch.int64, device=prompt.device)).detach().double().cpu()
        candidates = []
        for i, h in enumerate(beam):
            if h.done:
                candidates.append(h)
                continue
            row = lp[min(i, len(rows) - 1)]
            for tok in range(row.numel()):
                step_lp = row[tok].item()
                if step_lp == -float("inf"):
                    continue
                candidates.append(Hyp(h.tokens + [tok], h.logp + step_lp, tok == eos))
        candidates.sort(key=lambda h: -h.score(alpha))
        beam = candidates[:beam_width]
    return [(h.tokens, h.score(alpha)) for h in beam]
