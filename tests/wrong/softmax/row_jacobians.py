# mistake: the backward builds a Jacobian for one slice after the other
# bug: jacobian_stored
import torch


def softmax(x, dim=-1):
    e = torch.exp(x - x.max(dim, keepdim=True).values)
    return e / e.sum(dim, keepdim=True)


def softmax_backward(grad_output, output, dim=-1):
    g, p = grad_output.movedim(dim, -1), output.movedim(dim, -1)
    rows = []
    for gr, pr in zip(g.reshape(-1, g.shape[-1]), p.reshape(-1, p.shape[-1])):
        rows.append((torch.diag(pr) - torch.outer(pr, pr)) @ gr)
    return torch.stack(rows).reshape(p.shape).movedim(-1, dim)
