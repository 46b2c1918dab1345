"""Layer normalisation, forward and backward.

For one row x of D numbers, with r = 1/√(σ² + ε):

    x̂ = (x − μ) r,   y = γ ⊙ x̂ + β

and backwards, from ∂L/∂y, with g = γ ⊙ ∂L/∂y = ∂L/∂x̂:

    ∂L/∂x = r (g − mean(g) − x̂ mean(g ⊙ x̂)),   ∂L/∂γ = Σ ∂L/∂y ⊙ x̂,   ∂L/∂β = Σ ∂L/∂y

The means run over a row, the sums over all rows.
"""

from torch import Tensor


def norm_forward(x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5) -> tuple[Tensor, Tensor, Tensor]:
    mean = x.mean(dim=-1, keepdim=True)  # (…, 1)
    centred = x - mean  # (…, D)
    var = centred.square().mean(dim=-1, keepdim=True)  # (…, 1)
    rstd = (var + eps).rsqrt()
    normed = centred * rstd  # x̂
    y = weight * normed + bias
    return y, mean, rstd


def norm_backward(
    grad_output: Tensor, x: Tensor, weight: Tensor, mean: Tensor, rstd: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    normed = (x - mean) * rstd  # x̂, (…, D)
    g = grad_output * weight  # ∂L/∂x̂
    shift = g.mean(dim=-1, keepdim=True)  # (…, 1): what moving all of the row would do
    stretch = (g * normed).mean(dim=-1, keepdim=True)  # (…, 1): what scaling it would do
    grad_x = rstd * (g - shift - normed * stretch)

    each = grad_output * normed
    grad_weight = each.reshape(-1, x.shape[-1]).sum(dim=0)  # (D,)
    grad_bias = grad_output.reshape(-1, x.shape[-1]).sum(dim=0)
    return grad_x, grad_weight, grad_bias
