# mistake: Which ids are chosen, and what for, is drawn once an id: all its occurrences in the batch share it.
import torch


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    draw = lambda: torch.rand(vocab_size, generator=generator, device=tokens.device)  # noqa: E731
    ids = torch.arange(vocab_size, device=tokens.device)
    special = torch.zeros_like(ids).bool()
    special[special_ids] = True
    chosen, fate = (draw() < p) & ~special, draw()
    words = ids[~special]
    picks = words[torch.randint(len(words), (vocab_size,), generator=generator, device=tokens.device)]
    table = torch.where(fate < p_mask, mask_id, torch.where(fate < p_mask + p_random, picks, ids))
    return torch.where(chosen, table, ids)[tokens], torch.where(chosen, ids, -100)[tokens]


def mlm_loss(logits, labels):
    keep = labels != -100
    rows = logits[keep]
    picked = rows.gather(-1, labels[keep].unsqueeze(-1)).squeeze(-1)
    return (torch.logsumexp(rows, -1) - picked).sum() / max(int(keep.sum()), 1)
