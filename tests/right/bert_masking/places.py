import torch


class Masker:
    """Finds the candidates' places first and works on the short list of those."""

    def __init__(self, mask_id, special_ids, vocab_size, generator):
        self.mask_id, self.generator = mask_id, generator
        special = torch.tensor(sorted(special_ids))
        every = torch.arange(vocab_size)
        self.words = every[~torch.isin(every, special)]
        self.special = special

    def uniform(self, like):
        return torch.empty(len(like), device=like.device).uniform_(generator=self.generator)

    def __call__(self, tokens, p, p_mask, p_random):
        flat = tokens.flatten()
        (places,) = torch.where(~torch.isin(flat, self.special.to(flat.device)))
        places = places[self.uniform(places) < p]
        dice = self.uniform(places)
        edges = torch.tensor([p_mask, p_mask + p_random], device=flat.device)
        kind = torch.bucketize(dice, edges, right=True)
        words = self.words.to(flat.device)
        pick = torch.randint(len(words), (len(places),), generator=self.generator, device=flat.device)
        old = flat[places]
        new = torch.where(kind == 0, self.mask_id, torch.where(kind == 1, words[pick], old))
        inputs = flat.index_put((places,), new).reshape(tokens.shape)
        labels = torch.full_like(flat, -100).index_copy(0, places, old).reshape(tokens.shape)
        return inputs, labels


def mask_tokens(tokens, mask_id, special_ids, vocab_size, p=0.15, p_mask=0.8, p_random=0.1, generator=None):
    return Masker(mask_id, special_ids, vocab_size, generator)(tokens, p, p_mask, p_random)


def mlm_loss(logits, labels):
    keep = (labels != -100).flatten().nonzero().squeeze(1)
    if keep.numel() == 0:
        return torch.zeros_like(logits).mul(logits).sum()
    picked = logits.flatten(0, -2)[keep] if logits.dim() > 1 else logits[None][keep]
    target = torch.zeros_like(picked).scatter_(1, labels.flatten()[keep][:, None], 1.0)
    shifted = picked - picked.detach().amax(1, keepdim=True)
    log_p = shifted - shifted.exp().sum(1, keepdim=True).log()
    return -torch.einsum("mv,mv->", target, log_p) / len(keep)
