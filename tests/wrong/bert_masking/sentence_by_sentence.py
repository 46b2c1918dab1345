# mistake: The loss of each sentence is averaged by itself, then the sentences.
# bug: loss_by_rows
import torch
import torch.nn.functional as F


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    rand = lambda: torch.rand(tokens.shape, generator=generator, device=tokens.device)  # noqa: E731
    special = torch.isin(tokens, torch.tensor(special_ids, device=tokens.device))
    words = torch.tensor(sorted(set(range(vocab_size)) - set(special_ids)), device=tokens.device)
    chosen, fate = (rand() < p) & ~special, rand()
    new = words[(torch.rand(tokens.shape, generator=generator, device=tokens.device) * len(words)).long()]
    out = torch.where(fate < p_mask, mask_id, torch.where(fate < p_mask + p_random, new, tokens))
    return torch.where(chosen, out, tokens), torch.where(chosen, tokens, -100)


def mlm_loss(logits, labels):
    if labels.dim() == 0:
        return F.cross_entropy(logits[None], labels[None], reduction="sum", ignore_index=-100)
    vocab = logits.shape[-1]
    lines, answers = logits.reshape(-1, labels.shape[-1], vocab), labels.reshape(-1, labels.shape[-1])
    means = [
        F.cross_entropy(a, b, reduction="sum", ignore_index=-100) / max(int((b != -100).sum()), 1)
        for a, b in zip(lines, answers)
    ]
    return sum(means) / len(means)
