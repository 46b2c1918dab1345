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


def tied_head_draw(rng):
    tokens, d, body = (
        rng.choice([50257, 32000, 128256]),
        rng.choice([512, 768, 1024, 2048]),
        rng.choice([25.3, 85.8, 303.4, 709.7]),
    )
    table = tokens * d / 1e6
    values = {
        "right": round(body + table, 1),
        "twice": round(body + 2 * table, 1),
        "table_only": round(table, 1),
    }
    return {"V": tokens, "d": d, "body": body, "table": round(table, 1), **values}


def tied_head_evidence(drawn):
    from torch import nn

    net = nn.Module()
    net.embed = nn.Embedding(drawn["V"], drawn["d"], device="meta")
    net.head = nn.Linear(drawn["d"], drawn["V"], bias=False, device="meta")
    net.head.weight = net.embed.weight
    count = drawn["body"] + sum(p.numel() for p in net.parameters()) / 1e6
    return [abs(drawn[name] / count - 1) < 0.001 for name in ("right", "twice", "body", "table_only")]


def silent_hook_evidence():
    import torch
    from torch import nn

    encoder, x, seen = nn.Linear(3, 3), torch.ones(2, 3), []
    torch.optim.SGD(encoder.parameters(), lr=0.1)  # built before the hook
    encoder.register_forward_hook(lambda *_: seen.append("hook"))  # returns None
    same = torch.equal(encoder(x), encoder.forward(x))
    after_optimizer, appended = len(seen) == 1, len(seen) == 1
    encoder.eval()
    encoder(x)
    in_eval = len(seen) == 2
    encoder.forward(x)
    return [not appended, not in_eval, same and len(seen) == 2, not after_optimizer]


def worked():
    from torch import nn

    def count(layers):
        return sum(p.numel() for p in layers.parameters()) / 1e6

    d = 768
    block = nn.ModuleList(
        [
            nn.LayerNorm(d),
            nn.Linear(d, 3 * d),
            nn.Linear(d, d),
            nn.LayerNorm(d),
            nn.Linear(d, 4 * d),
            nn.Linear(4 * d, d),
        ]
    )
    table = count(nn.Embedding(50257, d, device="meta"))
    rest = 12 * count(block) + count(nn.Embedding(1024, d)) + count(nn.LayerNorm(d))
    return [f"{table:.1f}", f"{rest + table:.1f}", f"{rest + 2 * table:.1f}"]
