"""Parameters are learned, buffers are remembered, and a plain attribute is neither."""


def plain_list_draw(rng):
    while True:
        d, m, k = rng.choice([8, 16, 32, 64]), rng.randint(2, 10), rng.randint(2, 8)
        blocks, head = k * (d * d + d), d * m + m
        drawn = {"right": head, "everything": blocks + head, "weights": d * m, "blocks": blocks}
        if len(set(drawn.values())) == 4:
            return {"d": d, "m": m, "k": k, **drawn}


def plain_list_evidence(drawn):
    from torch import nn

    d, m, k = drawn["d"], drawn["m"], drawn["k"]

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = [nn.Linear(d, d) for _ in range(k)]
            self.head = nn.Linear(d, m)

    count = sum(p.numel() for p in Net().parameters())
    return [count == drawn[option] for option in ("right", "everything", "weights", "blocks")]


def why_unnoticed_evidence():
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = [nn.Linear(4, 16)]
            self.out = nn.Linear(16, 1)

        def forward(self, x):
            for layer in self.hidden:
                x = layer(x).tanh()
            return self.out(x)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = Net()
        x = torch.randn(32, 4)
    y = x.sum(1, keepdim=True)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.03)
    before = net.hidden[0].weight.detach().clone()
    losses = []
    for _ in range(50):
        optimizer.zero_grad()
        loss = ((net(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    reached = not torch.equal(net.hidden[0].weight, before)
    with torch.no_grad():
        skipped = torch.equal(
            net(x), net(2 * x)
        )  # an output that ignores x would mean the layers are skipped
    registered = len(list(net.parameters())) > 2
    overlooked = losses[-1] < 0.5 * losses[0] and net.hidden[0].weight.grad is not None
    return [reached, overlooked and not reached, skipped, registered]


def why_buffer_evidence():
    import torch
    from torch import nn

    bn = nn.BatchNorm1d(3)
    unwritable = False
    try:
        with torch.no_grad():
            bn.weight.mul_(2)
    except RuntimeError:
        unwritable = True
    dropped = len(list(bn.eval().parameters())) != 2
    full = bn.half().running_mean.dtype != torch.float16
    bn = nn.BatchNorm1d(3)
    bn(torch.full((4, 3), 10.0))
    averaged = torch.allclose(bn.running_mean, torch.ones(3)) and bn.running_mean.grad_fn is None
    named = "running_mean" in bn.state_dict() and "running_mean" not in dict(bn.named_parameters())
    return [unwritable, dropped, full, averaged and named]


def persistent_evidence():
    import torch
    from torch import nn

    class Layer(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.fc = nn.Linear(2, 2)
            self.register_buffer("mask", torch.ones(n, n).tril(), persistent=False)

    old, new = Layer(4), Layer(6)
    before = old.mask.clone()
    optimizer = torch.optim.SGD(old.parameters(), lr=0.1, weight_decay=0.5)
    (old.fc(torch.ones(1, 2)).sum() * old.mask.sum()).backward()
    optimizer.step()
    updated = not torch.equal(old.mask, before)
    try:
        new.load_state_dict(old.state_dict(), strict=True)
    except RuntimeError:
        loads = False
    else:
        loads = torch.equal(new.fc.weight, old.fc.weight)
    missing = new.mask.shape != (6, 6)
    return [old.double().mask.dtype == torch.float64, "mask" in old.state_dict(), loads, updated, missing]


def five_ways_evidence():
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.parameter = nn.Parameter(torch.ones(3))
            self.register_buffer("buffer", torch.ones(3))
            self.register_buffer("unsaved", torch.ones(3), persistent=False)
            self.attribute = torch.ones(3)
            self.listed = [nn.Parameter(torch.ones(3))]

        def tensors(self):
            return [self.parameter, self.buffer, self.unsaved, self.attribute, self.listed[0]]

    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    sum(t.sum() for t in net.tensors()).backward()
    optimizer.step()
    updated = sum(bool((t != 1).any()) for t in net.tensors())
    saved = len(net.state_dict())
    converted = sum(t.dtype == torch.float64 for t in net.double().tensors())
    return [(updated, saved, converted) == claim for claim in ((2, 2, 3), (1, 2, 3), (1, 3, 3), (1, 2, 4))]


def half_on_gpu_evidence():
    """`meta` stands for the other device: .to() treats it like any."""
    import torch
    from torch import nn

    def repaired(keep, forward=lambda net: None, trained=False):
        net = nn.Linear(3, 3)
        keep(net, torch.ones(5, 3))
        for moves in (["half", "meta"], ["meta", "half"]):
            copy = nn.Linear(3, 3)
            keep(copy, torch.ones(5, 3))
            for move in moves:
                copy = copy.half() if move == "half" else copy.to("meta")
            forward(copy)
            moved = copy.positions.device.type == "meta" and copy.positions.dtype == torch.float16
            if not moved:
                return False
        return trained == any(p is net.positions for p in net.parameters())

    def plain(net, table):
        net.positions = table

    return [
        repaired(plain, lambda net: net.positions.to("meta")),
        repaired(lambda net, table: setattr(net, "positions", nn.Parameter(table))),
        repaired(lambda net, table: net.register_buffer("positions", table)),
        repaired(plain),
    ]


def experiment():
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.parameter = nn.Parameter(torch.ones(3))
            self.register_buffer("buffer", torch.ones(3))
            self.register_buffer("unsaved", torch.ones(3), persistent=False)
            self.attribute = torch.ones(3)
            self.listed = [nn.Parameter(torch.ones(3))]

        def tensors(self):
            return [self.parameter, self.buffer, self.unsaved, self.attribute, self.listed[0]]

        def forward(self, x):
            return sum((x * t).sum() for t in self.tensors())

    net = Net()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    net(torch.ones(3)).backward()
    optimizer.step()
    trained = [bool((t != 1).any()) for t in net.tensors()]
    given = [any(t is p for p in net.parameters()) for t in net.tensors()]
    pointers = {t.data_ptr() for t in net.state_dict().values()}
    saved = [t.data_ptr() in pointers for t in net.tensors()]
    moved = [t.dtype == torch.float64 for t in net.double().tensors()]

    assert trained == given == [True, False, False, False, False], "only a registered parameter is trained"
    assert saved == [True, True, False, False, False], "parameters and persistent buffers are saved"
    assert moved == [True, True, True, False, False], "parameters and all buffers move with the module"
    names = [
        ("nn.Parameter", "nn.Parameter"),
        ("buffer", "buffer"),
        ("buffer, persistent=False", "buffer，persistent=False"),
        ("plain tensor attribute", "普通张量属性"),
        ("nn.Parameter in a list", "list 里的 nn.Parameter"),
    ]
    words = {True: ("yes", "是"), False: ("no", "否")}
    rows = [
        [name, *(words[column[i]] for column in (given, saved, moved, trained))]
        for i, name in enumerate(names)
    ]
    return {
        "says": (
            f"Of 5 tensors that all took part in one training step, {sum(trained)} was updated, {sum(saved)} are in "
            f"state_dict() and {sum(moved)} followed .double(); the parameter in a plain list did none of this.",
            f"5 个张量都参与了同一步训练：得到更新的有 {sum(trained)} 个，在 state_dict() 里的有 {sum(saved)} 个，"
            f"跟着 .double() 转换的有 {sum(moved)} 个；放在普通 list 里的参数一样也不占。",
        ),
        "title": ("After one step of SGD and a .double()", "一步 SGD 加一次 .double() 之后"),
        "chart": "table",
        "columns": [
            ("stored as", "存放方式"),
            "parameters()",
            "state_dict()",
            (".double()", ".double()"),
            ("trained", "被训练"),
        ],
        "rows": rows,
    }
