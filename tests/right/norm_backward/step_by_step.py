"""Back through every line of the forward: x̂, the deviation, the variance, the mean."""

from torch import Tensor


def norm_forward(x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5):
    d = x.size(-1)
    mean = x.sum(-1, keepdim=True).div(d)
    centred = x.sub(mean)
    rstd = centred.pow(2).sum(-1, keepdim=True).div(d).add(eps).pow(-0.5)
    return centred.mul(rstd).mul(weight).add(bias), mean, rstd


def norm_backward(grad_output: Tensor, x: Tensor, weight: Tensor, mean: Tensor, rstd: Tensor):
    d = x.size(-1)
    centred = x - mean
    d_normed = grad_output * weight
    d_rstd = (d_normed * centred).sum(-1, keepdim=True)
    d_var = d_rstd * -0.5 * rstd**3
    d_centred = d_normed * rstd + d_var * 2 / d * centred
    d_mean = -d_centred.sum(-1, keepdim=True)
    d_x = d_centred + d_mean / d
    flat = (grad_output * (centred * rstd)).reshape(-1, d)
    ones = flat.new_ones(len(flat))
    return d_x, ones @ flat, ones @ grad_output.reshape(-1, d)
