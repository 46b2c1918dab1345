# mistake: All chosen tokens of a row meet the same fate, and special tokens are chosen too: two mistakes.
# bug: special_chosen + one_fate
import torch
import torch.nn.functional as F


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    rand = lambda: torch.rand(tokens.shape, generator=generator, device=tokens.device)  # noqa: E731
    special = torch.isin(tokens, torch.tensor(special_ids, device=tokens.device))
    words = torch.tensor(sorted(set(range(vocab_size)) - set(special_ids)), device=tokens.device)
    chosen, fate = rand() < p, rand()[..., :1] if tokens.dim() else rand()
    new = words[(torch.rand(tokens.shape, generator=generator, device=tokens.device) * len(words)).long()]
    out = torch.where(fate < p_mask, mask_id, torch.where(fate < p_mask + p_random, new, tokens))
    return torch.where(chosen, out, tokens), torch.where(chosen, tokens, -100)


def mlm_loss(logits, labels):
    flat = labels.reshape(-1)
    total = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), flat, ignore_index=-100, reduction="sum")
    return total / (flat != -100).sum().clamp(min=1)
