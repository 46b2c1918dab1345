# mistake: Random tokens are the remainder of a draw from the vocabulary: the first ordinary ids come twice as often.
import torch


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    words = torch.tensor(sorted(set(range(vocab_size)).difference(special_ids)), device=tokens.device)
    chosen = torch.empty(tokens.shape, device=tokens.device).uniform_(generator=generator) < p
    chosen &= ~sum((tokens == s for s in special_ids), torch.zeros_like(tokens).bool())
    fate = torch.empty(tokens.shape, device=tokens.device).uniform_(generator=generator)
    drawn = torch.randint(vocab_size, tokens.shape, generator=generator, device=tokens.device) % len(words)
    options = torch.stack((torch.full_like(tokens, mask_id), words[drawn], tokens))
    which = (fate >= p_mask).long() + (fate >= p_mask + p_random).long()
    return torch.where(chosen, options.gather(0, which[None])[0], tokens), torch.where(chosen, tokens, -100)


def mlm_loss(logits, labels):
    keep = labels != -100
    rows = logits[keep]
    picked = rows.gather(-1, labels[keep].unsqueeze(-1)).squeeze(-1)
    return (torch.logsumexp(rows, -1) - picked).sum() / max(int(keep.sum()), 1)
