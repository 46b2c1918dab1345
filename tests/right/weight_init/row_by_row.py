import math

import torch
from torch.distributions import Normal, Uniform


def fans(weight):
    return weight[0].numel(), weight[:, 0].numel()


@torch.no_grad()
def rows(weight, draw):
    for row in weight:
        row[...] = draw.sample(row.shape).to(row)
    return weight


def xavier_uniform(weight, gain=1.0):
    b = gain * math.sqrt(3 / (sum(fans(weight)) / 2))
    return rows(weight, Uniform(-b, b))


def xavier_normal(weight, gain=1.0):
    return rows(weight, Normal(0.0, gain / math.sqrt(sum(fans(weight)) / 2)))


def he_uniform(weight, mode="fan_in", negative_slope=0.0):
    s = math.sqrt(6 / fans(weight)[mode != "fan_in"]) / math.hypot(1, negative_slope)
    return rows(weight, Uniform(-s, s))


def he_normal(weight, mode="fan_in", negative_slope=0.0):
    s = math.sqrt(2 / fans(weight)[mode != "fan_in"]) / math.hypot(1, negative_slope)
    return rows(weight, Normal(0.0, s))
