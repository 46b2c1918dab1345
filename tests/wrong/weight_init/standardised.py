# mistake: The sample is standardised: its mean and std are exact, and so its entries depend on each other.
# bug: standardised
# line: 40
import math

import torch


def fans(weight):
    n_out, n_in = weight.shape[0], weight.shape[1]
    field = weight[0, 0].numel()
    return n_in * field, n_out * field


def xavier_uniform(weight, gain=1.0):
    fan_in, fan_out = fans(weight)
    limit = gain * math.sqrt(6 / (fan_in + fan_out))
    with torch.no_grad():
        return weight.uniform_(-limit, limit)


def xavier_normal(weight, gain=1.0):
    fan_in, fan_out = fans(weight)
    with torch.no_grad():
        return weight.normal_(0, gain * math.sqrt(2 / (fan_in + fan_out)))


def he_uniform(weight, mode="fan_in", negative_slope=0.0):
    fan = fans(weight)[0 if mode == "fan_in" else 1]
    limit = math.sqrt(6 / (1 + negative_slope**2) / fan)
    with torch.no_grad():
        return weight.uniform_(-limit, limit)


def he_normal(weight, mode="fan_in", negative_slope=0.0):
    fan = fans(weight)[0 if mode == "fan_in" else 1]
    sigma = math.sqrt(2 / (1 + negative_slope**2) / fan)
    with torch.no_grad():
        z = torch.randn_like(weight)
        return weight.copy_((z - z.mean()) / z.std() * sigma)
