"""Velocities in rows beside the groups, a state of tuples, foreach operations on .data."""

import torch

NAMES = ("lr", "momentum", "dampening", "weight_decay", "nesterov")


class SGD:
    """Flat lists and _foreach operations; the state is a list of tuples."""

    def __init__(self, params, lr=1e-3, momentum=0.0, dampening=0.0, weight_decay=0.0, nesterov=False):
        given = dict(zip(NAMES, (lr, momentum, dampening, weight_decay, nesterov)))
        self.param_groups = []
        loose = []
        for entry in params:
            if isinstance(entry, dict):
                group = {name: entry.get(name, given[name]) for name in NAMES}
                group["params"] = [p for p in entry["params"]]
                self.param_groups.append(group)
            else:
                loose.append(entry)
        if loose:
            self.param_groups.append({"params": loose, **given})
        self.v = [[None] * len(group["params"]) for group in self.param_groups]

    def step(self):
        for group, v in zip(self.param_groups, self.v):
            lr, mu, tau, decay, nesterov = (group[name] for name in NAMES)
            chosen = [i for i, p in enumerate(group["params"]) if p.grad is not None]
            if not chosen:
                continue
            p = [group["params"][i].data for i in chosen]
            g = torch._foreach_add([group["params"][i].grad.detach() for i in chosen], p, alpha=decay)
            if mu:
                for i, grad in zip(chosen, g):
                    v[i] = grad.clone() if v[i] is None else v[i] * mu + grad * (1 - tau)
                new = [v[i] for i in chosen]
                g = torch._foreach_add(g, new, alpha=mu) if nesterov else new
            torch._foreach_add_(p, g, alpha=-lr)

    def state_dict(self):
        return {
            "groups": [tuple(group[name] for name in NAMES) for group in self.param_groups],
            "velocities": [[None if t is None else t.clone() for t in row] for row in self.v],
        }

    def load_state_dict(self, state):
        for group, values in zip(self.param_groups, state["groups"]):
            for name, value in zip(NAMES, values):
                group[name] = value
        self.v = [[None if t is None else t.clone() for t in row] for row in state["velocities"]]
