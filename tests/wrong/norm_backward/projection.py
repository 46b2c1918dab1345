# mistake: the part along x̂ is divided by the length of x̂, as if ε were 0


def norm_forward(x, weight, bias, eps=1e-5):
    mean = x.mean(-1, keepdim=True)
    rstd = (x.var(-1, keepdim=True, correction=0) + eps).rsqrt()
    return (x - mean) * rstd * weight + bias, mean, rstd


def norm_backward(grad_output, x, weight, mean, rstd):
    xhat = (x - mean) * rstd
    g = grad_output * weight
    along = (g * xhat).sum(-1, keepdim=True) / (xhat * xhat).sum(-1, keepdim=True).clamp(min=1e-30)
    grad_x = rstd * (g - g.mean(-1, keepdim=True) - xhat * along)
    up = grad_output.reshape(-1, x.shape[-1])
    return grad_x, (up * xhat.reshape(up.shape)).sum(0), up.sum(0)
