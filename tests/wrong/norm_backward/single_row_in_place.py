# mistake: a single row is normalised in place, as reshape makes no copy of it


def norm_forward(x, weight, bias, eps=1e-5):
    mean = x.mean(-1, keepdim=True)
    rstd = (x.var(-1, keepdim=True, correction=0) + eps).rsqrt()
    return (x - mean) * rstd * weight + bias, mean, rstd


def norm_backward(grad_output, x, weight, mean, rstd):
    d = x.shape[-1]
    rows = x.reshape(-1, d) if x.dim() < 2 else x.reshape(-1, d).clone()
    rows -= mean.reshape(-1, 1)
    rows *= rstd.reshape(-1, 1)
    up = grad_output.reshape(-1, d)
    g, r = up * weight, rstd.reshape(-1, 1)
    grad_x = r * (g - g.mean(1, keepdim=True) - rows * (g * rows).mean(1, keepdim=True))
    return grad_x.reshape(x.shape), (up * rows).sum(0), up.sum(0)
