import torch


def fans(weight):
    n_out, n_in = weight.shape[:2]
    positions = 1
    for size in weight.shape[2:]:
        positions *= size
    return (n_in * positions, n_out * positions)


def fill(weight, variance, standard):
    """Standard numbers of variance 1, scaled and copied in."""
    with torch.no_grad():
        weight.copy_(standard(weight) * variance**0.5)
    return weight


def uniform(weight):
    return (torch.rand_like(weight) - 0.5) * 12**0.5


def xavier_uniform(weight, gain=1.0):
    return fill(weight, gain**2 * 2 / sum(fans(weight)), uniform)


def xavier_normal(weight, gain=1.0):
    return fill(weight, gain**2 * 2 / sum(fans(weight)), torch.randn_like)


def he_variance(weight, mode, a):
    return 2 / ((1 + a * a) * fans(weight)[("fan_in", "fan_out").index(mode)])


def he_uniform(weight, mode="fan_in", negative_slope=0.0):
    return fill(weight, he_variance(weight, mode, negative_slope), uniform)


def he_normal(weight, mode="fan_in", negative_slope=0.0):
    return fill(weight, he_variance(weight, mode, negative_slope), torch.randn_like)
