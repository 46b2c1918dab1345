# mistake: One number decides both questions, and a [MASK] of the text is chosen too: two mistakes.
# bug: mask_token_chosen + one_coin_for_both
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
    kept = torch.tensor([i for i in special_ids if i != mask_id], dtype=torch.int64, device=device)
    ids = torch.arange(vocab_size, device=device)
    ordinary = ids[~torch.isin(ids, special)]
    u = torch.rand(tokens.shape, generator=generator, device=device)
    chosen = (u < p) & ~torch.isin(tokens, kept)
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
