# mistake: the variance as the mean of squares less the square of the mean
# bug: squares_minus_square
def norm_forward(x, weight, bias, eps=1e-5):
    mean = x.mean(-1, keepdim=True)
    rstd = ((x * x).mean(-1, keepdim=True) - mean * mean + eps).rsqrt()
    return (x - mean) * rstd * weight + bias, mean, rstd


def norm_backward(grad_output, x, weight, mean, rstd):
    xhat = (x - mean) * rstd
    g = grad_output * weight
    grad_x = rstd * (g - g.mean(-1, keepdim=True) - xhat * (g * xhat).mean(-1, keepdim=True))
    up = grad_output.reshape(-1, x.shape[-1])
    return grad_x, (up * xhat.reshape(up.shape)).sum(0), up.sum(0)
