# mistake: For a batch without chosen tokens a plain zero is returned, which has no graph.
# bug: loss_without_a_path
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
    keep = labels.ge(0)
    if keep.sum() == 0:
        return torch.zeros((), dtype=logits.dtype, device=logits.device)
    return F.nll_loss(logits[keep].log_softmax(1), labels[keep])
