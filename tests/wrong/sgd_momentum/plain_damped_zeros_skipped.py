# mistake: two mistakes: without momentum dampening scales g, and a gradient of zeros is skipped
# bug: dampening_without_momentum + zeros_skipped
import copy
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


class SGD:
    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ):
        defaults = dict(
            lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov
        )
        groups = list(params)
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        self.param_groups = [{**defaults, **group, "params": list(group["params"])} for group in groups]
        self.velocity = {}

    @torch.no_grad()
    def step(self) -> None:
        for i, group in enumerate(self.param_groups):
            mu = group["momentum"]
            for j, p in enumerate(group["params"]):
                if p.grad is None or not p.grad.any():
                    continue
                g = p.grad + group["weight_decay"] * p
                if mu != 0:
                    if (i, j) in self.velocity:
                        v = mu * self.velocity[i, j] + (1 - group["dampening"]) * g
                    else:
                        v = g.clone()
                    self.velocity[i, j] = v
                    g = g + mu * v if group["nesterov"] else v
                if mu == 0:
                    g = (1 - group["dampening"]) * g
                p -= group["lr"] * g

    def state_dict(self) -> dict[str, Any]:
        settings = [{k: v for k, v in group.items() if k != "params"} for group in self.param_groups]
        return copy.deepcopy({"settings": settings, "velocity": self.velocity})

    def load_state_dict(self, state: dict[str, Any]) -> None:
        state = copy.deepcopy(state)
        for group, settings in zip(self.param_groups, state["settings"]):
            group.update(settings)
        self.velocity = state["velocity"]
