"""Numbered over all groups; nothing in place but the parameter; no decorator."""

SETTINGS = "lr", "momentum", "dampening", "weight_decay", "nesterov"


class SGD:
    def __init__(self, params, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
        values = dict(zip(SETTINGS, (lr, momentum, dampening, weight_decay, nesterov), strict=True))
        params = [*params]
        if not isinstance(params[0], dict):
            params = [dict(params=params)]
        self.param_groups = []
        for given in params:
            group = {name: given.get(name, values[name]) for name in SETTINGS}
            group["params"] = [*given["params"]]
            self.param_groups.append(group)
        self.v = [None] * sum(len(group["params"]) for group in self.param_groups)

    def step(self):
        number = -1
        for group in self.param_groups:
            lr, mu, tau, decay, nesterov = (group[name] for name in SETTINGS)
            for p in group["params"]:
                number += 1
                if p.grad is None:
                    continue
                theta = p.data
                g = p.grad.data + decay * theta
                if mu == 0:
                    u = g
                else:
                    old = self.v[number]
                    v = g if old is None else mu * old + (1 - tau) * g
                    self.v[number] = v
                    u = v if not nesterov else g + mu * v
                theta.copy_(theta - lr * u)

    def state_dict(self):
        return {
            "v": [None if v is None else v + 0 for v in self.v],
            "groups": [[group[name] for name in SETTINGS] for group in self.param_groups],
        }

    def load_state_dict(self, state):
        self.v = list(state["v"])
        for group, values in zip(self.param_groups, state["groups"], strict=True):
            group.update(zip(SETTINGS, values, strict=True))
