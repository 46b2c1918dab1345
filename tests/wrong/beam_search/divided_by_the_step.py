# mistake: All scores are divided by a power of the number of the step, those of ended hypotheses too.
# bug: step_for_length
# line: 38
from collections.abc import Callable

import torch
from torch import Tensor


def beam_search(
    log_probs: Callable[[Tensor], Tensor],
    prompt: Tensor,
    eos: int,
    beam_width: int,
    max_new_tokens: int,
    alpha: float = 0.75,
) -> list[tuple[list[int], float]]:
    start = prompt.tolist()
    beam = [([], 0.0)]  # tokens and log P

    def ended(tokens):
        return len(tokens) > 0 and tokens[-1] == eos

    result = []
    for step in range(1, max_new_tokens + 1):
        live = [h for h in beam if not ended(h[0])]
        if not live:
            break
        prefixes = torch.tensor(
            [start + tokens for tokens, _ in live], dtype=torch.int64, device=prompt.device
        )
        rows = log_probs(prefixes).detach().tolist()
        pool = [h for h in beam if ended(h[0])]
        for (tokens, logp), row in zip(live, rows):
            for token, lp in enumerate(row):
                if lp != float("-inf"):
                    pool.append((tokens + [token], logp + lp))
        scored = [(tokens, logp, logp / step**alpha) for tokens, logp in pool]
        scored.sort(key=lambda h: h[2], reverse=True)
        scored = scored[:beam_width]
        beam = [(tokens, logp) for tokens, logp, _ in scored]
        result = [(tokens, score) for tokens, _, score in scored]
    return result
