# mistake: Half of what is not hidden becomes random whatever p_random is, and the loss is averaged by rows: two mistakes.
# bug: half_of_the_rest + loss_by_rows
import torch


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    special = torch.isin(tokens, torch.tensor(special_ids, device=tokens.device))
    flip = lambda q: torch.bernoulli(
        torch.full(tokens.shape, float(q), device=tokens.device), generator=generator
    ).bool()  # noqa: E731
    chosen = flip(p) & ~special
    hidden = chosen & flip(p_mask)
    swapped = chosen & ~hidden & flip(0.5)
    words = torch.tensor([i for i in range(vocab_size) if i not in special_ids], device=tokens.device)
    new = words[torch.randint(len(words), tokens.shape, generator=generator, device=tokens.device)]
    return torch.where(hidden, mask_id, torch.where(swapped, new, tokens)), torch.where(chosen, tokens, -100)


def mlm_loss(logits, labels):
    keep = (labels != -100).to(logits.dtype)
    each = torch.logsumexp(logits, -1) - logits.gather(-1, labels.clamp(min=0)[..., None])[..., 0]
    if labels.dim() == 0:
        return each * keep
    return ((each * keep).sum(-1) / keep.sum(-1).clamp(min=1)).mean()
