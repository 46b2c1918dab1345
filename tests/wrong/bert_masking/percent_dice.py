# mistake: Dice with a hundred faces decide, so that a p of 0.4 % becomes 1 %.
import torch


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    roll = lambda n: torch.randint(n, tokens.shape, generator=generator, device=tokens.device)  # noqa: E731
    ordinary = [i for i in range(vocab_size) if i not in set(special_ids)]
    free = torch.isin(tokens, torch.tensor(ordinary, device=tokens.device))
    pick = free & (roll(100) < 100 * p)
    face = roll(100)
    new = torch.tensor(ordinary, device=tokens.device)[roll(len(ordinary))]
    inputs = tokens.clone()
    inputs[pick & (face < 100 * p_mask)] = mask_id
    middle = pick & (face >= 100 * p_mask) & (face < 100 * (p_mask + p_random))
    inputs[middle] = new[middle]
    return inputs, tokens.masked_fill(~pick, -100)


def mlm_loss(logits, labels):
    keep = labels != -100
    rows = logits[keep]
    picked = rows.gather(-1, labels[keep].unsqueeze(-1)).squeeze(-1)
    return (torch.logsumexp(rows, -1) - picked).sum() / max(int(keep.sum()), 1)
