# mistake: Where a token was chosen, labels hold what stands there after the replacement.
# bug: labels_from_inputs
import torch
import torch.nn.functional as F


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    rand = lambda: torch.rand(tokens.shape, generator=generator, device=tokens.device)  # noqa: E731
    special = torch.isin(tokens, torch.tensor(special_ids, device=tokens.device))
    words = torch.tensor(sorted(set(range(vocab_size)) - set(special_ids)), device=tokens.device)
    chosen, fate = (rand() < p) & ~special, rand()
    new = words[(torch.rand(tokens.shape, generator=generator, device=tokens.device) * len(words)).long()]
    out = torch.where(fate < p_mask, mask_id, torch.where(fate < p_mask + p_random, new, tokens))
    inputs = tokens.where(~chosen, out)
    labels = torch.full_like(inputs, -100)
    labels[chosen] = inputs[chosen]
    return inputs, labels


def mlm_loss(logits, labels):
    flat = labels.reshape(-1)
    total = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), flat, ignore_index=-100, reduction="sum")
    return total / (flat != -100).sum().clamp(min=1)
