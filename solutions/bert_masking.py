"""Masked language modelling (Devlin et al., 2019): which tokens are hidden, and the loss at these alone.

x̂ᵢ = [MASK] with probability r, a random token with s, else xᵢ, for every i in M
L  = −1/|M| Σ log p(xᵢ | x̂) over i in M
"""

import torch
from torch import Tensor


def mask_tokens(
    tokens: Tensor,
    mask_id: int,
    special_ids: list[int],
    vocab_size: int,
    p: float = 0.15,
    p_mask: float = 0.8,
    p_random: float = 0.1,
    generator: torch.Generator | None = None,
) -> tuple[Tensor, Tensor]:
    shape, device = tokens.shape, tokens.device
    special = torch.zeros(vocab_size, dtype=torch.bool, device=device)
    special[special_ids] = True  # (V,)
    ordinary = (~special).nonzero().squeeze(-1)  # (n,), their ids
    spared = special[tokens]  # (...)

    coins = torch.rand(shape, generator=generator, device=device)
    chosen = (coins < p) & ~spared  # M
    fates = torch.rand(shape, generator=generator, device=device)  # coins of their own
    hidden = chosen & (fates < p_mask)
    replaced = chosen & ~hidden & (fates < p_mask + p_random)

    picks = torch.randint(len(ordinary), shape, generator=generator, device=device)
    inputs = torch.where(replaced, ordinary[picks], tokens)
    inputs = inputs.masked_fill(hidden, mask_id)  # x̂
    labels = tokens.masked_fill(~chosen, -100)
    return inputs, labels


def mlm_loss(logits: Tensor, labels: Tensor) -> Tensor:
    chosen = labels != -100
    log_p = logits[chosen].log_softmax(-1)  # (|M|, V)
    targets = labels[chosen].unsqueeze(-1)  # (|M|, 1)
    losses = -log_p.gather(-1, targets)
    count = max(len(losses), 1)  # 0/1 where nothing was chosen
    return losses.sum() / count
