"""A module files what is assigned to it; calling it runs hooks around forward."""


def call_evidence():
    import torch
    from torch import nn

    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
    x = torch.ones(2, 4)

    def gradient(run):
        model.zero_grad()
        run(x).sum().backward()
        return model[0].weight.grad.clone()

    model.eval()
    same_graph = torch.equal(gradient(model), gradient(model.forward))
    same_mode = torch.equal(model.forward(x), model.forward(x)) and torch.equal(model.forward(x), model(x))

    seen = []
    handle = model.register_forward_hook(lambda *_: seen.append("hook"))
    model(x)
    called = len(seen)
    model.forward(x)
    skipped = len(seen) == called
    handle.remove()

    return [
        not same_graph,
        not same_mode,
        called == 1 and skipped,
        None,
    ]  # one device here: nowhere to move to


def tied_draw(rng):
    while True:
        n, m = rng.sample(range(3, 20), 2)
        square = n * n + n
        drawn = {
            "right": square + n * m + m,
            "twice": 2 * square + n * m + m,
            "weights": n * n + n * m,
            "twice_weights": 2 * n * n + n * m,
        }
        if len(set(drawn.values())) == 4:
            return {"n": n, "m": m, "square": square, **drawn}


def tied_evidence(drawn):
    from torch import nn

    net = nn.Module()
    net.a = nn.Linear(drawn["n"], drawn["n"])
    net.b = net.a
    net.c = nn.Linear(drawn["n"], drawn["m"])
    count = sum(p.numel() for p in net.parameters())
    return [count == drawn[option] for option in ("right", "twice", "weights", "twice_weights")]


def late_layer_evidence():
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.body = nn.Linear(3, 3)
            self.head = None

        def forward(self, x):
            if self.head is None:
                self.head = nn.Linear(3, 1)
            return self.head(self.body(x).relu())

    net = Net()
    nn.init.ones_(net.body.weight)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    x = torch.ones(2, 3)
    net(x)
    first, body = net.head, net.body.weight.detach().clone()
    before = first.weight.detach().clone()
    net(x).sum().backward()
    optimizer.step()
    moved = not torch.equal(net.head.weight, before)
    has_gradient = net.head.weight.grad is not None and bool(net.head.weight.grad.abs().sum() > 0)
    registered = "head.weight" in net.state_dict()
    body_moved = not torch.equal(net.body.weight, body)
    return [
        moved,
        not has_gradient,
        net.head is not first,
        registered and has_gradient and body_moved and not moved,
    ]
