# mistake: p is raised so that the share p of all tokens, special ones included, is chosen.
import torch


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    special = torch.isin(tokens, torch.tensor(special_ids, device=tokens.device))
    share = min(1.0, p * tokens.numel() / max(int((~special).sum()), 1))
    draw = lambda: torch.rand(tokens.shape, generator=generator, device=tokens.device)  # noqa: E731
    chosen, fate = (draw() < share) & ~special, draw()
    words = torch.arange(vocab_size, device=tokens.device)
    words = words[~torch.isin(words, torch.tensor(special_ids, device=tokens.device))]
    new = words[torch.randint(len(words), tokens.shape, generator=generator, device=tokens.device)]
    inputs = torch.where(fate < p_mask, mask_id, torch.where(fate < p_mask + p_random, new, tokens))
    return torch.where(chosen, inputs, tokens), torch.where(chosen, tokens, -100)


def mlm_loss(logits, labels):
    keep = labels != -100
    rows = logits[keep]
    picked = rows.gather(-1, labels[keep].unsqueeze(-1)).squeeze(-1)
    return (torch.logsumexp(rows, -1) - picked).sum() / max(int(keep.sum()), 1)
