# mistake: A token is accepted with probability 1 − max(0, q − p), the difference in place of the ratio.
import torch


def acceptance(p, q, drafted):
    a, b = (torch.take_along_dim(x, drafted.unsqueeze(-1), -1).squeeze(-1).log() for x in (p, q))
    return (1 - (b.exp() - a.exp())).clamp(max=1)


def residual(p, q):
    more = p - torch.minimum(p, q)
    nothing = (more == 0).all(-1, keepdim=True)
    more = torch.where(nothing, p, more)
    return torch.nn.functional.normalize(more, p=1.0, dim=-1, eps=0.0) if more.numel() else more


def gumbel(p, generator):
    noise = torch.rand(p.shape, generator=generator, dtype=torch.float64, device=p.device)
    return (p.log() - (-noise.log()).log()).argmax(-1)


def verify(p, q, drafted, generator=None):
    with torch.no_grad():
        chance = acceptance(p[..., :-1, :], q, drafted)
        dice = torch.rand(chance.shape, generator=generator, dtype=torch.float64, device=p.device)
        fails = (dice.log() >= chance.log()).long()
        before = fails.cumsum(-1) - fails
        drawn = gumbel(torch.cat([residual(p[..., :-1, :], q), p[..., -1:, :]], -2), generator)
        tokens = torch.where(fails.bool(), drawn[..., :-1], drafted)
        tokens = tokens.masked_fill(before > 0, -1)
        last = drawn[..., -1:].masked_fill(fails.sum(-1, keepdim=True) > 0, -1)
        return torch.cat([tokens, last], -1)


def speculate(target, draft, prompt, max_new_tokens, gamma, eos=None, generator=None):
    def draft_on(text, k):
        rows = []
        while len(rows) < k:
            rows.append(draft(text).detach()[-1])
            text = torch.hstack([text, gumbel(rows[-1], generator)])
        return text, rows

    text, left = prompt, max_new_tokens
    while left:
        longer, rows = draft_on(text, min(gamma, left - 1))
        p = target(longer).detach()[len(text) - 1 :]
        q = torch.stack(rows) if rows else p.new_empty(0, p.shape[1])
        new = verify(p, q, longer[len(text) :], generator)
        new = new[: int((new >= 0).sum())]
        if eos is not None:
            ended = (new == eos).cumsum(0)
            new = new[(ended - (new == eos).long()) == 0]
        text = torch.hstack([text, new])
        left = 0 if eos is not None and text[-1] == eos and len(new) else left - len(new)
    return text[len(prompt) :]
