# mistake: −1 stands for “not chosen”, in labels and in the loss: there −100 becomes an index.
import torch


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    rand = lambda: torch.rand(tokens.shape, generator=generator, device=tokens.device)  # noqa: E731
    special = torch.isin(tokens, torch.tensor(special_ids, device=tokens.device))
    words = torch.tensor(sorted(set(range(vocab_size)) - set(special_ids)), device=tokens.device)
    chosen, fate = (rand() < p) & ~special, rand()
    new = words[(torch.rand(tokens.shape, generator=generator, device=tokens.device) * len(words)).long()]
    out = torch.where(fate < p_mask, mask_id, torch.where(fate < p_mask + p_random, new, tokens))
    return torch.where(chosen, out, tokens), torch.where(chosen, tokens, -1)


def mlm_loss(logits, labels):
    keep = labels != -1
    chosen = logits[keep]
    losses = torch.logsumexp(chosen, -1) - chosen.gather(-1, labels[keep].unsqueeze(-1)).squeeze(-1)
    return losses.sum() / max(len(losses), 1)
