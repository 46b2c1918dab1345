# mistake: For a batch the numbers are drawn once and used in every row; replacements as well.
# bug: one_number_for_all_rows
import torch


def acceptance(p, q, drafted):
    at = drafted[..., None]
    return torch.minimum(torch.ones_like(q[..., 0]), (p.gather(-1, at) / q.gather(-1, at))[..., 0])


def residual(p, q):
    rest = torch.relu(p - q)
    s = rest.sum(dim=-1, keepdim=True)
    return torch.where(s == 0, p, rest / torch.where(s == 0, 1.0, s))


def verify(p, q, drafted, generator=None):
    p, q = p.detach(), q.detach()
    *lead, gamma, vocab = q.shape
    u = torch.rand(gamma, generator=generator, dtype=torch.float64, device=p.device)
    rejected = u >= acceptance(p[..., :gamma, :], q, drafted)
    always = torch.ones(*lead, 1, dtype=torch.bool, device=p.device)
    n = torch.cat([rejected, always], -1).int().argmax(-1)
    choices = torch.cat([residual(p[..., :gamma, :], q), p[..., gamma:, :]], dim=-2)
    drawn = torch.multinomial(choices.reshape(-1, vocab), 1, generator=generator).view(*lead, gamma + 1)
    out = torch.full_like(drawn, -1)
    for i in range(gamma + 1):
        here = drawn[..., i] if i == gamma else torch.where(n > i, drafted[..., i], drawn[..., i])
        out[..., i] = torch.where(n >= i, here, -1)
    return out


def speculate(target, draft, prompt, max_new_tokens, gamma, eos=None, generator=None):
    written = []
    while len(written) < max_new_tokens:
        so_far = torch.cat([prompt, prompt.new_tensor(written)])
        k = min(gamma, max_new_tokens - len(written) - 1)
        q = None
        seq = so_far
        for _ in range(k):
            row = draft(seq)[-1:].detach()
            q = row if q is None else torch.cat([q, row])
            token = torch.multinomial(row[0], 1, generator=generator)
            seq = torch.cat([seq, token])
        p = target(seq)[-(k + 1) :].detach()
        if q is None:
            q = p.new_zeros(0, p.shape[-1])
        for token in verify(p, q, seq[len(so_far) :], generator).tolist():
            if token == -1:
                break
            written.append(token)
            if token == eos:
                return prompt.new_tensor(written)
    return prompt.new_tensor(written)
