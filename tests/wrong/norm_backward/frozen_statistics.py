# mistake: mean and deviation count as constants
# bug: statistics_constant


def norm_forward(x, weight, bias, eps=1e-5):
    mean = x.mean(-1, keepdim=True)
    rstd = (x.var(-1, keepdim=True, correction=0) + eps).rsqrt()
    return (x - mean) * rstd * weight + bias, mean, rstd


def norm_backward(grad_output, x, weight, mean, rstd):
    xhat = (x - mean) * rstd
    up = grad_output.reshape(-1, x.shape[-1])
    return grad_output * weight * rstd, (up * xhat.reshape(up.shape)).sum(0), up.sum(0)
