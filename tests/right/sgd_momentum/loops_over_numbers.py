"""Pure loops: every number of every parameter by itself, its velocity a Python float."""

import copy
import itertools

import torch


class SGD:
    def __init__(self, params, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
        self.param_groups = []
        rest = []
        for one in params:
            if isinstance(one, dict):
                self.param_groups.append({**one})
            else:
                rest.append(one)
        if rest:
            self.param_groups.append({"params": rest})
        for group in self.param_groups:
            group["params"] = list(group["params"])
            group.setdefault("lr", lr)
            group.setdefault("momentum", momentum)
            group.setdefault("dampening", dampening)
            group.setdefault("weight_decay", weight_decay)
            group.setdefault("nesterov", nesterov)
        self.velocities = [[{} for _ in group["params"]] for group in self.param_groups]

    def step(self):
        with torch.no_grad():
            for group, velocities in zip(self.param_groups, self.velocities, strict=True):
                for p, velocity in zip(group["params"], velocities, strict=True):
                    if p.grad is None:
                        continue
                    for place in itertools.product(*map(range, p.shape)):
                        p[place] = self.moved(group, velocity, place, p[place].item(), p.grad[place].item())

    def moved(self, group, velocity, place, theta, g):
        mu = group["momentum"]
        g += group["weight_decay"] * theta
        step = g
        if mu:
            if place in velocity:
                velocity[place] = mu * velocity[place] + (1 - group["dampening"]) * g
            else:
                velocity[place] = g
            step = velocity[place]
            if group["nesterov"]:
                step = g + mu * step
        return theta - group["lr"] * step

    def state_dict(self):
        settings = [{k: v for k, v in group.items() if k != "params"} for group in self.param_groups]
        return copy.deepcopy({"settings": settings, "velocities": self.velocities})

    def load_state_dict(self, state):
        state = copy.deepcopy(state)
        self.velocities = state["velocities"]
        for group, settings in zip(self.param_groups, state["settings"], strict=True):
            group.update(settings)
