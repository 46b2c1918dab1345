# mistake: the path through the mean is left out of the deviation's, and the sign of that through the mean is wrong
# bug: shift_added + stretch_of_centred


def norm_forward(x, weight, bias, eps=1e-5):
    mean = x.mean(-1, keepdim=True)
    rstd = (x.var(-1, keepdim=True, correction=0) + eps).rsqrt()
    return (x - mean) * rstd * weight + bias, mean, rstd


def norm_backward(grad_output, x, weight, mean, rstd):
    xhat = (x - mean) * rstd
    g = grad_output * weight
    grad_x = rstd * (g + g.mean(-1, keepdim=True) - xhat * (g * (x - mean)).mean(-1, keepdim=True))
    up = grad_output.reshape(-1, x.shape[-1])
    return grad_x, (up * xhat.reshape(up.shape)).sum(0), up.sum(0)
