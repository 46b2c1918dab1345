# mistake: the backward takes x̂ from the latest forward of that shape
kept = {}


def norm_forward(x, weight, bias, eps=1e-5):
    mean = x.mean(-1, keepdim=True)
    rstd = (x.var(-1, keepdim=True, correction=0) + eps).rsqrt()
    xhat = kept[x.shape] = (x - mean) * rstd
    return xhat * weight + bias, mean, rstd


def norm_backward(grad_output, x, weight, mean, rstd):
    xhat = kept[x.shape] if x.shape in kept and kept[x.shape].dtype == x.dtype else (x - mean) * rstd
    g = grad_output * weight
    grad_x = rstd * (g - g.mean(-1, keepdim=True) - xhat * (g * xhat).mean(-1, keepdim=True))
    up = grad_output.reshape(-1, x.shape[-1])
    return grad_x, (up * xhat.reshape(up.shape)).sum(0), up.sum(0)
