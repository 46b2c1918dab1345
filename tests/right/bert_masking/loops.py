import torch


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    """Token after token, as one would by hand; the numbers are drawn in one go."""
    special = set(special_ids)
    ordinary = [i for i in range(vocab_size) if i not in special]
    flat = tokens.reshape(-1).tolist()
    numbers = torch.rand(
        len(flat), 3, generator=generator, device=tokens.device, dtype=torch.float64
    ).tolist()
    seen, asked = [], []
    for token, (choice, fate, pick) in zip(flat, numbers):
        if token in special or choice >= p:
            seen.append(token)
            asked.append(-100)
            continue
        asked.append(token)
        if fate < p_mask:
            seen.append(mask_id)
        elif fate < p_mask + p_random:
            seen.append(ordinary[int(pick * len(ordinary))])
        else:
            seen.append(token)
    make = lambda values: torch.tensor(values, dtype=torch.int64, device=tokens.device).view(tokens.shape)  # noqa: E731
    return make(seen), make(asked)


def mlm_loss(logits, labels):
    rows = logits.reshape(-1, logits.shape[-1])
    total, count = 0 * rows[:0].sum(), 0
    for row, label in zip(rows, labels.reshape(-1).tolist()):
        if label != -100:
            total = total + torch.logsumexp(row, 0) - row[label]
            count += 1
    return total / count if count else total
