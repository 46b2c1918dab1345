"""What hooks get, what they may replace, and what they hold when nobody pays attention."""


class _Alive:
    """Counts the bytes that autograd's nodes hold at any moment."""

    def __init__(self):
        self.now = 0

    def hooks(self):
        import torch

        counter = self

        class Held:
            def __init__(self, tensor):
                self.tensor = tensor.detach()  # an output would hold its own node, a cycle
                counter.now += tensor.numel() * tensor.element_size()

            def __del__(self):
                counter.now -= self.tensor.numel() * self.tensor.element_size()

        return torch.autograd.graph.saved_tensors_hooks(Held, lambda held: held.tensor)


def _store(training, detach=False, recording=True, batches=10, seed=0):
    """KiB that nodes hold after each batch, while a hook stores the output of a middle layer."""
    import gc

    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = nn.Sequential(*(m for _ in range(6) for m in (nn.Linear(64, 64), nn.Tanh())), nn.Linear(64, 2))
    net.train(training)
    kept, held, alive = [], [], _Alive()
    net[9].register_forward_hook(lambda m, args, out: kept.append(out.detach() if detach else out))
    with alive.hooks(), torch.set_grad_enabled(recording):
        for _ in range(batches):
            loss = net(torch.ones(128, 64)).square().mean()
            if training:
                loss.backward()
            del loss
            gc.collect(0)
            held.append(alive.now / 1024)
    return held


def experiment(off=False):
    evaluation, detached = _store(False, recording=not off), _store(False, detach=True, recording=not off)
    training = _store(True) if not off else []
    if off:
        assert evaluation[-1] == 0 == detached[-1], (
            "under no_grad nothing is recorded, so nothing can be held"
        )
        says = (
            f"Under no_grad the stored outputs have no graph: {evaluation[-1]:.0f} KiB are held beyond the features after ten "
            "batches, with detach or without.",
            f"在 no_grad 下，存下的输出没有计算图：十个 batch 之后，除特征外占 {evaluation[-1]:.0f} KiB，detach 与否都一样。",
        )
    else:
        assert detached[-1] == 0 == training[-1], "detached, or once backward has run, nothing more is held"
        assert evaluation[-1] > 9.9 * evaluation[0] > 0, "otherwise each batch adds its graph"
        says = (
            f"Evaluation without no_grad: each stored output holds {evaluation[0]:.0f} KiB of its graph, {evaluation[-1]:.0f} "
            f"KiB after ten batches. Detached: {detached[-1]:.0f}. In training backward frees it: {training[-1]:.0f}.",
            f"评估时没有 no_grad：每个存下的输出留住 {evaluation[0]:.0f} KiB 的图，十个 batch 后是 {evaluation[-1]:.0f} KiB。"
            f"detach 之后是 {detached[-1]:.0f}。训练时反向传播会释放：{training[-1]:.0f}。",
        )
    return {
        "says": says,
        "off": ("the forward pass runs under no_grad", "前向在 no_grad 下进行"),
        "title": ("Held by graphs, beyond the features (KiB)", "除特征外，计算图占着的量（KiB）"),
        "chart": "curves",
        "x": list(range(1, 11)),
        "x_label": "batch",
        "y_label": "KiB",
        "log_x": False,
        "log_y": False,
        "series": [
            (("evaluation, output", "评估，output"), evaluation),
            (("evaluation, output.detach()", "评估，output.detach()"), detached),
        ]
        + ([] if off else [(("training, output", "训练，output"), training)]),
    }


def stored_evidence():
    evaluation, training = _store(False), _store(True)
    grows, grows_in_training = evaluation[-1] > 5 * evaluation[0] > 0, training[-1] > 0
    assert _store(False, detach=True)[-1] == 0
    return [
        not grows and not grows_in_training,
        not grows and grows_in_training,
        grows and not grows_in_training,
        grows and grows_in_training,
    ]


def heatmap_evidence():
    import torch
    from torch import nn

    g = torch.Generator().manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)
    ).eval()
    got = {}
    net[1].register_forward_hook(lambda m, args, out: got.update(activation=out))
    returned = []

    def back(m, grad_input, grad_output):
        got.update(gradient=grad_output[0])
        returned.append(None)

    net[1].register_full_backward_hook(back)
    image = torch.randn(1, 1, 8, 8, generator=g, requires_grad=True)
    y = net(image)
    y[0, 0].backward()
    a, grad = got["activation"].detach(), got["gradient"]
    weights = grad.mean((2, 3), keepdim=True)
    heat = (weights * a).sum(1).relu()
    maps = a.shape == grad.shape == (1, 3, 6, 6) and heat.shape == (1, 6, 6)
    of_weights = net[0].weight.grad.shape[2:] == a.shape[2:]
    assert image.grad is not None and net[0].weight.grad is not None  # both are there without a hook
    return [returned[0] is not None, maps, of_weights, image.grad.shape == a.shape]


def scaled_draw(rng):
    while True:
        x, a, b, c = (rng.randint(2, 9) for _ in range(4))
        values = {"answer": c * b * x, "plain": b * x, "own": a * x, "twice": c * c * b * x}
        if len(set(values.values())) == 4:
            return {"x": x, "a": a, "b": b, "c": c} | values


def scaled_evidence(drawn):
    import torch
    from torch import nn

    first, second = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    nn.init.constant_(first.weight, drawn["a"])
    nn.init.constant_(second.weight, drawn["b"])
    second.register_full_backward_hook(lambda m, grad_input, grad_output: (grad_input[0] * drawn["c"],))
    second(first(torch.tensor([[float(drawn["x"])]]))).backward()
    assert second.weight.grad.item() == drawn["own"]
    return [first.weight.grad.item() == drawn[k] for k in ("answer", "plain", "own", "twice")]


def why_none_evidence():
    import warnings

    import torch

    w = torch.tensor(3.0, requires_grad=True)
    h = w * 2
    seen = []
    h.register_hook(lambda grad: seen.append(grad.item()))
    (h * h).backward()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gone = h.grad is None  # before anybody could have zeroed anything
    p = torch.tensor(3.0, requires_grad=True)
    k = p * 2
    k.retain_grad()
    (k * k).backward()
    torch.optim.SGD([p], lr=0.1).zero_grad()
    return [k.grad is None, k.grad is None, gone and seen == [12.0] and k.grad.item() == 12, None]


def worked():
    import torch
    from torch import nn

    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, 3.0)
    out = []
    for hooked in (True, False):
        handle = layer.register_forward_hook(lambda m, args, out: out * 2) if hooked else None
        x = torch.tensor([[2.0]], requires_grad=True)
        y = layer(x)
        (y**2 / 2).backward()
        out.append((y.item(), x.grad.item()))
        if handle:
            handle.remove()
    (y, grad), (_plain, unhooked) = out
    return [f"{y:.0f} \\cdot 6 = {grad:.0f}", f"6 · 3 = {unhooked:.0f}"]
