import math

import torch
from torch.nn import init


def fans(weight):
    receptive = weight[0][0].numel()
    return weight.size(1) * receptive, weight.size(0) * receptive


def xavier_uniform(weight, gain=1.0):
    a = gain * math.sqrt(6.0 / sum(fans(weight)))
    return init.uniform_(weight, -a, a)


def xavier_normal(weight, gain=1.0):
    return init.normal_(weight, 0.0, gain * math.sqrt(2.0 / sum(fans(weight))))


def he_uniform(weight, mode="fan_in", negative_slope=0.0):
    fan = dict(zip(("fan_in", "fan_out"), fans(weight)))[mode]
    bound = math.sqrt(6.0 / ((1 + negative_slope**2) * fan))
    with torch.no_grad():
        return weight.uniform_(-bound, bound)


def he_normal(weight, mode="fan_in", negative_slope=0.0):
    fan_in, fan_out = fans(weight)
    std = (2.0 / (1 + negative_slope**2) / (fan_in if mode == "fan_in" else fan_out)) ** 0.5
    weight.data.normal_(std=std)
    return weight
