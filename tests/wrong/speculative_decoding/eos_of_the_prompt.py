# mistake: eos in the prompt ends the text at once, and in a round everything behind it is written.
# bug: written_on_after_eos
import torch


def _pick(weights, generator):
    """One index for each row of weights, which need not sum to 1."""
    sums = weights.double().cumsum(-1)
    u = torch.rand(*sums.shape[:-1], 1, generator=generator, dtype=torch.float64, device=sums.device)
    return (sums <= u * sums[..., -1:]).sum(-1).clamp(max=weights.shape[-1] - 1)


def acceptance(p, q, drafted):
    hot = torch.nn.functional.one_hot(drafted, p.shape[-1]).to(p.dtype)
    return ((p * hot).sum(-1) / (q * hot).sum(-1)).clamp(0, 1)


def residual(p, q):
    gain = torch.maximum(p - q, torch.zeros((), dtype=p.dtype, device=p.device))
    return (gain / gain.sum(-1, keepdim=True)).where(gain.sum(-1, keepdim=True) > 0, p)


@torch.no_grad()
def verify(p, q, drafted, generator=None):
    gamma = drafted.shape[-1]
    out = drafted.new_full((*drafted.shape[:-1], gamma + 1), -1)
    alive = torch.ones(drafted.shape[:-1], dtype=torch.bool, device=drafted.device)
    for i in range(gamma):
        chance = acceptance(p[..., i, :], q[..., i, :], drafted[..., i])
        yes = torch.rand(chance.shape, generator=generator, dtype=p.dtype, device=p.device) < chance
        other = _pick(residual(p[..., i, :], q[..., i, :]), generator)
        out[..., i] = torch.where(alive, torch.where(yes, drafted[..., i], other), out[..., i])
        alive = alive & yes
    out[..., gamma] = torch.where(alive, _pick(p[..., gamma, :], generator), -1)
    return out


class Walker:
    def __init__(self, target, draft, prompt, generator):
        self.target, self.draft, self.text, self.generator = target, draft, prompt, generator

    def round(self, k):
        ahead, q = self.text, []
        for _ in range(k):
            q += [self.draft(ahead)[-1]]
            ahead = torch.cat((ahead, _pick(q[-1].detach()[None], self.generator)))
        p = self.target(ahead)[self.text.numel() - 1 :]
        q = torch.stack(q) if k else p[1:]
        new = verify(p, q, ahead[self.text.numel() :], self.generator)
        return [token for token in new.tolist() if token >= 0]


def speculate(target, draft, prompt, max_new_tokens, gamma, eos=None, generator=None):
    walker = Walker(target, draft, prompt, generator)
    new = []
    if eos is not None and (prompt == eos).any():
        return prompt[:0]
    while len(new) < max_new_tokens and (eos is None or eos not in new):
        new += walker.round(min(gamma, max_new_tokens - len(new) - 1))
        walker.text = torch.cat((prompt, torch.tensor(new, dtype=torch.int64, device=prompt.device)))
    return walker.text[prompt.numel() :]
