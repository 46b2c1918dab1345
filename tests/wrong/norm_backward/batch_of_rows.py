# mistake: γ's and β's gradients sum over the first dimension
# bug: parameters_over_first_dim


def norm_forward(x, weight, bias, eps=1e-5):
    mean = x.mean(-1, keepdim=True)
    rstd = (x.var(-1, keepdim=True, correction=0) + eps).rsqrt()
    return (x - mean) * rstd * weight + bias, mean, rstd


def norm_backward(grad_output, x, weight, mean, rstd):
    xhat = (x - mean) * rstd
    g = grad_output * weight
    grad_x = rstd * (g - g.mean(-1, keepdim=True) - xhat * (g * xhat).mean(-1, keepdim=True))
    return grad_x, (grad_output * xhat).sum(0), grad_output.sum(0)
