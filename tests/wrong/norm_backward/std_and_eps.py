# mistake: two: ε is added to the deviation, and β's gradient contains γ
# bug: eps_outside_root + beta_gradient_with_gamma
def norm_forward(x, weight, bias, eps=1e-5):
    mean = x.mean(-1, keepdim=True)
    rstd = 1 / (x.var(-1, keepdim=True, correction=0).sqrt() + eps)
    return (x - mean) * rstd * weight + bias, mean, rstd


def norm_backward(grad_output, x, weight, mean, rstd):
    xhat = (x - mean) * rstd
    g = grad_output * weight
    grad_x = rstd * (g - g.mean(-1, keepdim=True) - xhat * (g * xhat).mean(-1, keepdim=True))
    d = x.shape[-1]
    return grad_x, (grad_output * xhat).reshape(-1, d).sum(0), g.reshape(-1, d).sum(0)
