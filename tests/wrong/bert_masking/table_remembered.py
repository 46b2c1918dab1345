# mistake: The list of ordinary ids is kept for each size of the vocabulary, whatever the special ids are.
import torch


known = {}


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    if vocab_size not in known:
        known[vocab_size] = [i for i in range(vocab_size) if i not in special_ids]
    words = torch.tensor(known[vocab_size], device=tokens.device)
    u = torch.rand((3, *tokens.shape), generator=generator, device=tokens.device)
    chosen = torch.isin(tokens, words) & (u[0] < p)
    new = words[(u[2] * len(words)).long().clamp(max=len(words) - 1)]
    inputs = torch.where(chosen & (u[1] < p_mask), mask_id, tokens)
    inputs = torch.where(chosen & (u[1] >= p_mask) & (u[1] < p_mask + p_random), new, inputs)
    return inputs, torch.where(chosen, tokens, -100)


def mlm_loss(logits, labels):
    keep = labels != -100
    rows = logits[keep]
    picked = rows.gather(-1, labels[keep].unsqueeze(-1)).squeeze(-1)
    return (torch.logsumexp(rows, -1) - picked).sum() / max(int(keep.sum()), 1)
