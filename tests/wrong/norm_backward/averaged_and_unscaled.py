# mistake: two: ∂L/∂γ and ∂L/∂β are means over the rows, and γ is missing from ∂L/∂x
# bug: gamma_not_in_gradient + parameters_averaged


def norm_forward(x, weight, bias, eps=1e-5):
    mean = x.mean(-1, keepdim=True)
    rstd = (x.var(-1, keepdim=True, correction=0) + eps).rsqrt()
    return (x - mean) * rstd * weight + bias, mean, rstd


def norm_backward(grad_output, x, weight, mean, rstd):
    xhat = (x - mean) * rstd
    g = grad_output
    grad_x = rstd * (g - g.mean(-1, keepdim=True) - xhat * (g * xhat).mean(-1, keepdim=True))
    up = grad_output.reshape(-1, x.shape[-1])
    return grad_x, (up * xhat.reshape(up.shape)).mean(0), up.mean(0)
