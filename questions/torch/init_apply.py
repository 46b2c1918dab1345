"""apply walks modules, children first; initialising writes in place under no_grad."""


def how_many_calls_draw(rng):
    k = rng.randint(3, 12)
    return {
        "k": k,
        "gaps": k - 1,
        "right": 3 * k - 1,
        "linears": k,
        "children": 3 * k - 2,
        "tensors": 2 * k,
    }


def how_many_calls_evidence(drawn):
    from torch import nn

    layers = [nn.Linear(2, 2)]
    for _ in range(drawn["k"] - 1):
        layers += [nn.ReLU(), nn.Dropout(), nn.Linear(2, 2)]
    calls = []
    nn.Sequential(*layers).apply(calls.append)
    return [len(calls) == drawn[name] for name in ("right", "linears", "children", "tensors")]


def why_no_grad_evidence():
    import torch
    from torch import nn

    layer = nn.Linear(2, 2)
    weight = layer.weight

    def raises(write):
        try:
            write()
        except RuntimeError:
            return True
        return False

    has_graph = weight.grad_fn is not None or not weight.is_leaf
    recorded = raises(lambda: weight.fill_(0.1))
    with torch.no_grad():
        unrecorded = not raises(lambda: weight.fill_(0.2))
    allowed = not raises(lambda: nn.init.constant_(weight, 0.1)) and weight.is_leaf and weight.requires_grad
    new_parameter = layer.weight is not weight
    rounds_badly = raises(lambda: torch.zeros(2, dtype=torch.float16).fill_(0.1))
    return [new_parameter, has_graph, recorded and unrecorded and allowed, rounds_badly]


def subclass_evidence():
    import torch
    from torch import nn

    class Scaled(nn.Linear):
        def __init__(self, *sizes):
            super().__init__(*sizes)
            self.factor = nn.Parameter(torch.ones(()))

    def init(m):
        if type(m) == nn.Linear:  # noqa: E721  (the mistake in question)
            nn.init.constant_(m.weight, 7.0)

    net = nn.Sequential(Scaled(2, 2), nn.ReLU(), Scaled(2, 2))
    before = {name: t.clone() for name, t in net.state_dict().items()}
    try:
        net.apply(init)
    except TypeError:
        raised = True
    else:
        raised = False
    touched = {name for name, t in net.state_dict().items() if not torch.equal(t, before[name])}
    return ["2.weight" in touched, not touched and not raised, "0.weight" in touched, raised]


def norm_too_evidence():
    import torch
    from torch import nn
    from torch.nn import functional as F

    def start(how, seed, order=reversed):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            net = nn.Sequential(
                nn.Embedding(20, 32),
                nn.LayerNorm(32),
                nn.Linear(32, 32),
                nn.ReLU(),
                nn.LayerNorm(32),
                nn.Linear(32, 20),
            )
            if how == "all":
                for p in net.parameters():
                    nn.init.normal_(p, std=0.02)
            else:
                modules = list(net.modules())
                for module in order(modules):
                    if isinstance(module, (nn.Linear, nn.Embedding)):
                        nn.init.normal_(module.weight, std=0.02)
            x = torch.randint(20, (64,))
        optimizer, losses = torch.optim.SGD(net.parameters(), lr=0.5), []
        for _ in range(40):
            loss = F.cross_entropy(net(x), (x + 1) % 20)
            losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        leaf = all(p.is_leaf for p in net.parameters())
        return losses[-1], net[4].weight.abs().mean().item(), leaf

    children_first, scales, leaves = [], [], []
    for seed in range(3):
        everything, scale, leaf = start("all", seed)
        by_type, one, _ = start("type", seed)
        other_order, _, _ = start("type", seed, order=iter)
        children_first.append(abs(other_order - by_type) > 0.5)
        scales.append(everything > by_type + 0.5 and scale < 0.2 and one > 0.5)
        leaves.append(leaf)
    return [all(children_first), all(scales), None, not all(leaves)]
