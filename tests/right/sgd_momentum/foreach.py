"""All tensors of a group at once; those without a velocity yet apart."""

import torch


class SGD:
    def __init__(self, params, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
        params = list(params)
        groups = params if isinstance(params[0], dict) else [{"params": params}]
        base = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
        }
        self.param_groups = [base | group for group in groups]
        for group in self.param_groups:
            group["params"] = list(group["params"])
        self.state = {}

    @torch.no_grad()
    def step(self):
        for number, group in enumerate(self.param_groups):
            active = [(i, p) for i, p in enumerate(group["params"]) if p.grad is not None]
            if not active:
                continue
            keys = [(number, i) for i, _ in active]
            params = [p for _, p in active]
            grads = torch._foreach_add([p.grad for p in params], params, alpha=group["weight_decay"])
            steps = grads
            if group["momentum"] > 0:
                known = [k for k, key in enumerate(keys) if key in self.state]
                if known:
                    old = [self.state[keys[k]] for k in known]
                    torch._foreach_mul_(old, group["momentum"])
                    torch._foreach_add_(old, [grads[k] for k in known], alpha=1 - group["dampening"])
                for k, key in enumerate(keys):
                    if key not in self.state:
                        self.state[key] = grads[k].clone()
                steps = [self.state[key] for key in keys]
                if group["nesterov"]:
                    steps = torch._foreach_add(grads, steps, alpha=group["momentum"])
            torch._foreach_add_(params, steps, alpha=-group["lr"])

    def state_dict(self):
        return {
            "velocities": {key: v.clone() for key, v in self.state.items()},
            "settings": [dict(group, params=None) for group in self.param_groups],
        }

    def load_state_dict(self, state):
        self.state = {key: v.clone() for key, v in state["velocities"].items()}
        for group, settings in zip(self.param_groups, state["settings"], strict=True):
            group.update({**settings, "params": group["params"]})
