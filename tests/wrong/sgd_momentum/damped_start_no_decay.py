# mistake: two mistakes: the velocity starts from zeros, and there is no decay
# bug: first_is_damped + no_decay
import torch


class SGD:
    def __init__(self, params, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
        own = dict(
            lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay, nesterov=nesterov
        )
        params = list(params)
        if not isinstance(params[0], dict):
            params = [{"params": params}]
        self.param_groups = [{**own, **group, "params": list(group["params"])} for group in params]
        self.v = [[torch.zeros_like(p) for p in group["params"]] for group in self.param_groups]

    def step(self):
        with torch.no_grad():
            for k, group in enumerate(self.param_groups):
                mu = group["momentum"]
                for i, p in enumerate(group["params"]):
                    if p.grad is None:
                        continue
                    g = p.grad + 0 * p
                    if mu == 0:
                        step = g
                    else:
                        if self.v[k][i] is None:
                            self.v[k][i] = g
                        else:
                            self.v[k][i] = mu * self.v[k][i] + (1 - group["dampening"]) * g
                        step = self.v[k][i]
                        if group["nesterov"]:
                            step = g + mu * step
                    p.sub_(group["lr"] * step)

    def state_dict(self):
        return {
            "v": [[None if x is None else x.clone() for x in row] for row in self.v],
            "settings": [{k: x for k, x in g.items() if k != "params"} for g in self.param_groups],
        }

    def load_state_dict(self, state):
        self.v = [[None if x is None else x.clone() for x in row] for row in state["v"]]
        for group, settings in zip(self.param_groups, state["settings"]):
            group.update(settings)
