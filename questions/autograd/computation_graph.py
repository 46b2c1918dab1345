"""What operations save for backward, counted through the hooks of saved tensors."""


def _saved(compute):
    """Bytes that the nodes made by `compute` hold, each piece of memory once."""
    import torch

    kept = {}

    def pack(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor  # held, so that no address is used twice
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = compute()
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values()), result


def _tensors(trained=True):
    import torch

    g = torch.Generator().manual_seed(0)
    x, w = (torch.rand(512, 512, generator=g) / 100 for _ in range(2))
    return (x.requires_grad_(), w.requires_grad_()) if trained else (x, w)


KINDS = {"+ 1": lambda y, w: y + 1, ".exp()": lambda y, w: y.exp(), "* w": lambda y, w: y * w}


def _chain(kind, length, trained=True):
    x, w = _tensors(trained)

    def compute():
        y = x
        for _ in range(length):
            y = KINDS[kind](y, w)
        return y

    return _saved(compute)


def chains_evidence():
    mib = [_chain(kind, 8)[0] / 2**20 for kind in KINDS]
    nodes = []
    for kind in KINDS:
        node, count = _chain(kind, 8)[1].grad_fn, 0
        while "AccumulateGrad" not in type(node).__name__:
            node, count = node.next_functions[0][0], count + 1
        nodes.append(count)
    assert nodes == [8, 8, 8]  # true, and no answer: bytes differ
    return [None, mib == [8, 8, 8], mib == [0, 8, 9], mib == [1, 1, 1]]


def who_saves_evidence():
    import torch

    x, w = _tensors()
    size = x.untyped_storage().nbytes()
    ways = [
        lambda: x.exp(),
        lambda: x + w,
        lambda: x * w,
        lambda: x * 3.0,
        lambda: torch.relu(x),
        lambda: x.sum(),
    ]
    return [_saved(way)[0] >= size for way in ways]


def why_kept_evidence():
    import torch

    x = torch.randn(64, requires_grad=True)
    y = x.tanh()
    saved = y.grad_fn._saved_result
    is_value = torch.equal(saved, y)
    g = torch.ones(64)
    by_value = torch.allclose(y.grad_fn(g), (1 - saved**2).detach())  # the rule reads the saved value
    with torch.no_grad():
        read_only = x.tanh().exp().grad_fn is None  # read by the next one, and nothing kept
    w = torch.ones(2, requires_grad=True)
    w.grad = torch.ones(2)
    torch.optim.SGD([w], lr=1.0).step()  # a step without any activation
    return [not read_only, is_value and by_value, not torch.equal(w, torch.zeros(2)), None]


def two_ways_draw(rng):
    while True:
        x, y = rng.randint(2, 9), rng.randint(2, 9)
        b = x * y + x
        values = {"answer": 2 * b * (y + 1), "through": 2 * b * y, "slope": 2 * b, "inner": y + 1}
        if len(set(values.values())) == 4:
            return {"x": x, "y": y} | values


def two_ways_evidence(drawn):
    import torch

    x, y = (torch.tensor(float(drawn[name]), requires_grad=True) for name in "xy")
    f = (x * y + x) ** 2
    f.backward()
    return [x.grad.item() == drawn[name] for name in ("answer", "through", "slope", "inner")]


def walk_evidence():
    import torch

    x, y = (torch.tensor(v, requires_grad=True) for v in (2.0, 3.0))
    a = x * y
    b = a + x
    f = b**2
    seen = []
    for node in (f.grad_fn, b.grad_fn, a.grad_fn):
        node.register_prehook(lambda grads, node=node: seen.append((type(node).__name__, grads[0].item())))
    f.backward()
    names = [name for name, _grad in seen]
    return [
        names == ["PowBackward0", "AddBackward0", "MulBackward0"]
        and [grad for _name, grad in seen] == [1, 16, 16]
        and x.grad.item() == 64
    ]


def second_step_evidence():
    import torch
    from torch import nn

    def run(zero=False, detach=False, step=True, again=False):
        encoder, head = nn.Sequential(nn.Linear(4, 8), nn.Tanh()), nn.Linear(8, 1)
        items, batch = torch.ones(10, 4), torch.tensor([1, 3])
        optimizer = torch.optim.SGD([*encoder.parameters(), *head.parameters()], lr=0.1)
        table = encoder(items)
        try:
            for _ in range(2):
                if again:
                    table = encoder(items)
                if zero:
                    optimizer.zero_grad()
                head(table.detach()[batch] if detach else table[batch]).mean().backward()
                if step:
                    optimizer.step()
        except RuntimeError as error:
            return "second time" in str(error)
        return False

    assert run()
    x = torch.ones(3, requires_grad=True)
    y = (x + 1).sum()
    y.backward()
    y.backward()  # nodes that saved nothing may be walked again
    assert x.grad.tolist() == [2, 2, 2]
    return [
        not run(zero=True),
        not run(again=True) and not run(detach=True),
        not run(step=False),
        None,
    ]


def worked():
    import torch

    x, y = (torch.tensor(v, requires_grad=True) for v in (2.0, 3.0))
    a = x * y
    b = a + x
    f = b**2
    for t in (a, b):
        t.retain_grad()
    f.backward()
    return [
        f"f = b² = {f.item():.0f}",
        f"∂f/∂b = 2b = {b.grad.item():.0f}",
        f"∂f/∂a = {a.grad.item():.0f}",
        f"16 · 3 = {a.grad.item() * 3:.0f}",
        f"{x.grad.item():.0f}",
        f"16 · 2 = {y.grad.item():.0f}",
    ]


def experiment(off=False):
    lengths = list(range(9))
    mib = {kind: [_chain(kind, n, trained=not off)[0] / 2**20 for n in lengths] for kind in KINDS}
    if off:
        assert all(value == 0 for row in mib.values() for value in row), (
            "without requires_grad nothing is held"
        )
        says = (
            "Neither x nor w requires a gradient: no node is made, and all three chains hold 0 MiB.",
            "x 和 w 都不需要梯度：不产生节点，三条链都保存 0 MiB。",
        )
    else:
        assert mib["+ 1"] == [0] * 9, "sums save nothing"
        assert mib[".exp()"] == lengths, "exp saves its output"
        assert mib["* w"][1:] == [n + 1 for n in lengths[1:]], "a product saves both factors"
        one, two, three = (row[-1] for row in mib.values())
        says = (
            f"After eight operations on 1 MiB: sums hold {one:g} MiB, exp {two:g} MiB, products {three:g} MiB "
            "(w is held once).",
            f"对 1 MiB 做八次运算后：加法保存 {one:g} MiB，exp 保存 {two:g} MiB，乘法保存 {three:g} MiB（w 只有一份）。",
        )
    return {
        "says": says,
        "off": ("tensors that require no gradient", "张量都不需要梯度"),
        "title": ("Held for backward (MiB)", "为反向传播保存的量（MiB）"),
        "chart": "curves",
        "x": lengths,
        "x_label": ("operations", "运算次数"),
        "y_label": "MiB",
        "log_x": False,
        "log_y": False,
        "series": list(mib.items()),
    }
