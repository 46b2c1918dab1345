from copy import deepcopy

import torch


class SGD(torch.optim.Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
        settings = dict(
            lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov
        )
        params = list(params)
        if isinstance(params[0], dict):
            params = [dict(group) for group in params]
        super().__init__(params, settings)

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in filter(lambda p: p.grad is not None, group["params"]):
                d = p.grad.add(p, alpha=group["weight_decay"])
                if group["momentum"]:
                    state = self.state[p]
                    if "buffer" in state:
                        state["buffer"].mul_(group["momentum"]).add_(d, alpha=1 - group["dampening"])
                    else:
                        state["buffer"] = d.detach().clone()
                    if group["nesterov"]:
                        d = d.add(state["buffer"], alpha=group["momentum"])
                    else:
                        d = state["buffer"]
                p.add_(d, alpha=-group["lr"])

    def state_dict(self):
        return deepcopy(super().state_dict())

    def load_state_dict(self, state):
        super().load_state_dict(deepcopy(state))
