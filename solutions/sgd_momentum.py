"""Stochastic gradient descent with momentum, in groups, with a state to save."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


class SGD:
    """For a parameter θ with gradient ∇:

    g ← ∇ + λ θ
    v ← g  at first,  μ v + (1 − τ) g  from then on
    θ ← θ − lr · v,  or  θ − lr · (g + μ v)  with Nesterov's look ahead
    """

    def __init__(
        self,
        params: Iterable[Tensor] | Iterable[dict[str, Any]],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ):
        settings = {"lr": lr, "momentum": momentum, "dampening": dampening}
        settings |= {"weight_decay": weight_decay, "nesterov": nesterov}
        given = list(params)
        groups = given if isinstance(given[0], dict) else [{"params": given}]
        self.param_groups = [{**settings, **group, "params": list(group["params"])} for group in groups]
        self.velocity: dict[Tensor, Tensor] = {}  # v, from the first update on

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            mu, tau = group["momentum"], group["dampening"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                g = p.grad + group["weight_decay"] * p
                update = g
                if mu != 0:
                    if p not in self.velocity:
                        v = self.velocity[p] = g.clone()
                    else:
                        v = self.velocity[p].mul_(mu).add_(g, alpha=1 - tau)
                    update = g + mu * v if group["nesterov"] else v
                p -= group["lr"] * update

    def state_dict(self) -> dict[str, Any]:
        settings = [{k: x for k, x in group.items() if k != "params"} for group in self.param_groups]
        velocity = [self.velocity[p].clone() if p in self.velocity else None for p in self._params()]
        return {"settings": settings, "velocity": velocity}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for group, settings in zip(self.param_groups, state["settings"], strict=True):
            group.update(settings)
        saved = zip(self._params(), state["velocity"], strict=True)
        self.velocity = {p: v.clone() for p, v in saved if v is not None}

    def _params(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]
