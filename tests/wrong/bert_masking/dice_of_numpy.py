# mistake: The numbers come from numpy's global generator: neither a generator nor torch.manual_seed decides.
import numpy as np
import torch
import torch.nn.functional as F


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    shape = tuple(tokens.shape)
    special = np.isin(tokens.cpu().numpy(), special_ids)
    words = np.setdiff1d(np.arange(vocab_size), special_ids)
    chosen, fate = (np.random.random(shape) < p) & ~special, np.random.random(shape)
    chosen, fate = torch.as_tensor(chosen, device=tokens.device), torch.as_tensor(fate, device=tokens.device)
    new = torch.as_tensor(np.random.choice(words, shape), device=tokens.device).long()
    out = torch.where(fate < p_mask, mask_id, torch.where(fate < p_mask + p_random, new, tokens))
    return torch.where(chosen, out, tokens), torch.where(chosen, tokens, -100)


def mlm_loss(logits, labels):
    flat = labels.reshape(-1)
    total = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), flat, ignore_index=-100, reduction="sum")
    return total / (flat != -100).sum().clamp(min=1)
