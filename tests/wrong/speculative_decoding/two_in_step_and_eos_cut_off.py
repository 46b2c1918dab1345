# mistake: Two: all rows end at the earliest rejection of any, and the eos is cut off.
# bug: rows_in_step + eos_left_out
"""Exponential races in place of multinomial, where() and index arithmetic in place of loops."""

import torch


def race(weights, generator):
    clocks = torch.empty_like(weights, memory_format=torch.contiguous_format).exponential_(
        generator=generator
    )
    return (weights / clocks).argmax(-1)


def acceptance(p, q, drafted):
    ratio = torch.take_along_dim(p, drafted[..., None], -1) / torch.take_along_dim(q, drafted[..., None], -1)
    return torch.minimum(ratio, torch.ones_like(ratio))[..., 0]


def residual(p, q):
    r = torch.relu(p - q)
    empty = (r == 0).all(-1, keepdim=True)
    r = torch.where(empty, p, r)
    r = r / r.amax(-1, keepdim=True)
    normal = r / r.sum(-1, keepdim=True)
    return torch.where(empty, p, normal)


@torch.no_grad()
def verify(p, q, drafted, generator=None):
    g = drafted.shape[-1]
    a = acceptance(p[..., :-1, :], q, drafted)
    rejected = torch.rand(a.shape, generator=generator, dtype=a.dtype, device=a.device) >= a
    # a rejection "behind" the last draft always happens
    rejected = torch.cat([rejected, rejected.new_ones(*rejected.shape[:-1], 1)], -1)
    first = rejected.to(torch.uint8).argmax(-1, keepdim=True)
    first = first.amin().expand_as(first).contiguous()
    zero = torch.zeros_like(p[..., :1, :])
    options = residual(p, torch.cat([q, zero], -2))
    row = torch.take_along_dim(options, first[..., None], -2).squeeze(-2)
    token = race(row, generator)
    out = torch.nn.functional.pad(drafted, (0, 1), value=-1)
    out = out.masked_fill(torch.arange(g + 1, device=p.device) > first, -1)
    return out.scatter(-1, first, token.unsqueeze(-1))


@torch.no_grad()
def speculate(target, draft, prompt, max_new_tokens, gamma, eos=None, generator=None):
    begin = end = prompt.numel()
    text = torch.cat([prompt, prompt.new_empty(max_new_tokens)])
    limit = begin + max_new_tokens
    while end < limit:
        k = min(gamma, limit - end - 1)
        q = []
        for i in range(end, end + k):
            q.append(draft(text[:i].clone())[-1])
            text[i] = race(q[-1], generator)
        p = target(text[: end + k].clone())[end - 1 :]
        q = torch.stack(q) if q else p.new_empty(0, p.shape[-1])
        got = verify(p, q, text[end : end + k].clone(), generator)
        count = int((got >= 0).sum())
        text[end : end + count] = got[:count]
        if eos is not None:
            hit = (got[:count] == eos).nonzero()
            if len(hit):
                return text[begin : end + int(hit[0])].clone()
        end += count
    return text[begin:].clone()
