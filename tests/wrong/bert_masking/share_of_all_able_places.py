# mistake: Just p of the places that may be chosen are, the first of a permutation of them.
# bug: same_count_in_each_call
import torch
import torch.nn.functional as F
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
    device = tokens.device
    special = torch.tensor(special_ids, device=device)
    ids = torch.arange(vocab_size, device=device)
    ordinary = ids[~torch.isin(ids, special)]
    able = ~torch.isin(tokens, special).flatten()
    where = able.nonzero().flatten()
    order = where[torch.randperm(len(where), generator=generator, device=device)]
    chosen = torch.zeros_like(able)
    chosen[order[: round(p * len(where))]] = True
    chosen = chosen.reshape(tokens.shape)
    u = torch.rand(tokens.shape, generator=generator, device=device)
    draw = torch.randint(len(ordinary), tokens.shape, generator=generator, device=device)
    labels = torch.where(chosen, tokens, -100)
    masked = chosen & (u < p_mask)
    random = chosen & (u >= p_mask) & (u < p_mask + p_random)
    inputs = torch.where(masked, mask_id, tokens)
    inputs = torch.where(random, ordinary[draw], inputs)
    return inputs, labels


def mlm_loss(logits: Tensor, labels: Tensor) -> Tensor:
    logits = logits.reshape(-1, logits.shape[-1])
    labels = labels.reshape(-1)
    total = F.cross_entropy(logits, labels, ignore_index=-100, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
