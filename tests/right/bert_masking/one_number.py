import torch


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    """One number a token: [0, p) is cut into the three fates. Random tokens by an affine look-up of a second number."""
    u = torch.rand(tokens.size(), generator=generator, device=tokens.device, dtype=torch.float64)
    u = torch.where((tokens[..., None] == tokens.new_tensor(special_ids)).any(-1), 2.0, u)
    weights = torch.ones(vocab_size, device=tokens.device)
    weights[torch.as_tensor(special_ids, device=tokens.device)] = 0
    draws = torch.multinomial(weights, max(tokens.numel(), 1), replacement=True, generator=generator)
    fate = (u >= p * p_mask).long() + (u >= p * (p_mask + p_random)).long() + (u >= p).long()
    options = torch.stack([torch.full_like(tokens, mask_id), draws.view(tokens.shape), tokens, tokens])
    inputs = options.gather(0, fate.unsqueeze(0)).squeeze(0)
    return inputs, torch.where(u < p, tokens, torch.full_like(tokens, -100))


def mlm_loss(logits, labels):
    mask = (labels >= 0).to(logits.dtype)
    log_z = torch.logsumexp(logits, -1)
    score = logits.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return ((log_z - score) * mask).sum() / mask.sum().clamp(min=1)
