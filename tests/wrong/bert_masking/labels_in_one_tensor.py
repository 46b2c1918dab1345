# mistake: labels are written into one tensor for each shape, which later calls fill again.
import torch

labels_of = {}


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    labels = labels_of.setdefault((tokens.shape, tokens.device), torch.empty_like(tokens).contiguous())
    special = torch.isin(tokens, torch.tensor(special_ids, device=tokens.device))
    words = torch.tensor(sorted(set(range(vocab_size)) - set(special_ids)), device=tokens.device)
    rand = lambda: torch.rand(tokens.shape, generator=generator, device=tokens.device)  # noqa: E731
    chosen, fate = (rand() < p) & ~special, rand()
    new = words[torch.randint(len(words), tokens.shape, generator=generator, device=tokens.device)]
    labels.copy_(torch.where(chosen, tokens, -100))
    inputs = torch.where(fate < p_mask, mask_id, torch.where(fate < p_mask + p_random, new, tokens))
    return torch.where(chosen, inputs, tokens), labels


def mlm_loss(logits, labels):
    keep = labels != -100
    log_p = torch.log_softmax(logits[keep], -1)
    return log_p.gather(-1, labels[keep][..., None]).sum() / -max(int(keep.sum()), 1)
