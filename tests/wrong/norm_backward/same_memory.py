# mistake: β's gradient is summed up in the first row of ∂L/∂y itself


def norm_forward(x, weight, bias, eps=1e-5):
    mean = x.mean(-1, keepdim=True)
    rstd = (x.var(-1, keepdim=True, correction=0) + eps).rsqrt()
    return (x - mean) * rstd * weight + bias, mean, rstd


def norm_backward(grad_output, x, weight, mean, rstd):
    d = x.shape[-1]
    xhat = ((x - mean) * rstd).reshape(-1, d)
    up = grad_output.reshape(-1, d)
    grad_weight = up[0] * xhat[0]
    grad_bias = up[0]
    for row, normed in zip(up[1:], xhat[1:]):
        grad_weight += row * normed
        grad_bias += row
    g = grad_output * weight
    h = xhat.reshape(x.shape)
    grad_x = rstd * (g - g.mean(-1, keepdim=True) - h * (g * h).mean(-1, keepdim=True))
    return grad_x, grad_weight, grad_bias
