"""The mode and the recording of gradients, each by itself."""


def _net(plain=False, seed=0):
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = [nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4)]
        if not plain:
            layers.insert(1, nn.BatchNorm1d(64))
            layers.insert(4, nn.Dropout(0.3))
        return nn.Sequential(*layers)


def _run(mode, recording, plain=False, seed=0):
    """Output, bytes of activations kept, and whether running statistics moved."""
    import torch

    net, kept = _net(plain, seed), {}
    own = {p.untyped_storage().data_ptr() for p in net.parameters()}
    net.train(mode == "train")
    before = [b.clone() for b in net.buffers()]

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own and tensor.dim() > 1:
            kept[storage.data_ptr()] = tensor
        return tensor

    x = torch.randn(32, 16, generator=torch.Generator().manual_seed(seed + 1))
    with torch.random.fork_rng():
        torch.manual_seed(seed + 2)
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t), torch.set_grad_enabled(recording):
            y = net(x)
    moved = any(not torch.equal(a, b) for a, b in zip(before, net.buffers(), strict=True))
    return y.detach(), sum(t.untyped_storage().nbytes() for t in kept.values()), moved


def _switches(plain=False, seed=0):
    """Whether the output and the memory depend on the mode, and on recording."""
    import torch

    runs = {(m, r): _run(m, r, plain, seed) for m in ("train", "eval") for r in (True, False)}
    output_by_mode = not torch.equal(runs["train", True][0], runs["eval", True][0])
    output_by_recording = not torch.equal(runs["train", True][0], runs["train", False][0])
    by_recording = all(runs[m, True][1] > 0 == runs[m, False][1] for m in ("train", "eval"))
    by_mode = runs["eval", True][1] < 0.5 * runs["train", True][1]
    return runs, output_by_mode, output_by_recording, by_mode, by_recording


def which_does_evidence():
    out = []
    for seed in range(3):
        _runs, y_mode, y_recording, m_mode, m_recording = _switches(seed=seed)
        out.append(
            [
                y_recording and m_mode,
                y_mode and m_recording and not (y_recording or m_mode),
                y_mode and m_mode,
                y_recording and m_recording,
            ]
        )
    assert all(row == out[0] for row in out)
    return out[0]


def experiment(off=False):
    rows, differs = [], []
    for seed in range(3):
        runs, by_mode, by_recording, less, freed = _switches(off, seed)
        assert freed and not less and not by_recording, "recording decides the memory, and changes no number"
        assert by_mode != off, "the mode changes the output of dropout and BatchNorm, and of nothing else"
        differs.append((runs["train", True][0] - runs["eval", True][0]).abs().max().item())
    for (mode, recording), (_y, kept, moved) in runs.items():
        rows.append(
            [
                f"{mode}()",
                "" if recording else "no_grad",
                f"{kept / 1024:.0f}",
                ("yes", "是") if moved else ("no", "否"),
            ]
        )
    train, test = (runs[mode, True][1] / 1024 for mode in ("train", "eval"))
    if off:
        says = (
            f"Without dropout and BatchNorm, train() and eval() give the same output, bit by bit, and keep the same "
            f"{train:.0f} KiB. no_grad still keeps nothing.",
            f"没有 dropout 和 BatchNorm，train() 和 eval() 的输出逐位相同，都保存 {train:.0f} KiB。no_grad 照样什么都不保存。",
        )
    else:
        says = (
            f"Between train() and eval() outputs differ by up to {max(differs):.2f} (3 seeds), with no_grad or without. Kept "
            f"for backward: {train:.0f} KiB and {test:.0f} KiB with recording, 0 without.",
            f"train() 与 eval() 的输出最多相差 {max(differs):.2f}（3 个种子），有没有 no_grad 都一样。为反向保存的：记录时 "
            f"{train:.0f} KiB 和 {test:.0f} KiB，不记录时为 0。",
        )
    return {
        "says": says,
        "off": ("a net without dropout and BatchNorm", "没有 dropout 和 BatchNorm 的网络"),
        "title": ("Four combinations", "四种组合"),
        "chart": "table",
        "columns": [
            ("mode", "模式"),
            ("recording", "记录"),
            ("kept (KiB)", "保存（KiB）"),
            ("statistics moved", "统计量变了"),
        ],
        "rows": rows,
    }


def at_once_evidence():
    import torch

    net = _net()
    net.eval()
    before = [p.clone() for p in net.parameters()]
    seen = []
    for module in net.modules():
        module.register_forward_hook(lambda *_: seen.append("forward"))
        module.register_full_backward_hook(lambda *_: seen.append("backward"))
    with torch.no_grad():
        net.train()
        resumed = torch.is_grad_enabled()
    flags = all(module.training for module in net.modules())
    same = all(torch.equal(a, b) for a, b in zip(before, net.parameters(), strict=True))
    untouched = all(p.grad is None for p in net.parameters())
    return ["backward" in seen, resumed, flags and same and untouched and not seen, None]


def only_eval_evidence():
    import torch
    from torch import nn

    x = torch.ones(8, 4)
    drop, bn = nn.Dropout(0.5).eval(), nn.BatchNorm1d(4).eval()
    before = bn.running_mean.clone()
    y = bn(x * 5)
    _y, kept, _moved = _run("eval", True)
    alone = torch.equal(bn(x[:1] * 5), y[:1])  # one example by itself comes out the same
    return [
        torch.equal(drop(x), x),
        kept == 0,
        torch.equal(bn.running_mean, before),
        not y.requires_grad,
        alone,
    ]


def drift_draw(rng):
    while True:
        m, b, k = rng.randint(-20, 20) / 10, rng.randint(-30, 30) / 10, rng.randint(3, 12)
        left = 0.9**k
        values = {
            "answer": left * m + (1 - left) * b,
            "m": m,
            "once": 0.9 * m + 0.1 * b,
            "swapped": 0.1**k * m + (1 - 0.1**k) * b,
        }
        shown = {name: round(value, 3) for name, value in values.items()}
        numbers = list(shown.values())
        if (
            min(abs(x - y) for i, x in enumerate(numbers) for y in numbers[:i]) > 0.06
            and min(map(abs, numbers)) > 0.05
        ):
            return shown | {"b": b, "k": k}


def drift_evidence(drawn):
    import torch

    bn = torch.nn.BatchNorm1d(1)
    bn.running_mean.fill_(drawn["m"])
    with torch.no_grad():
        for _ in range(drawn["k"]):
            bn(torch.tensor([[drawn["b"] - 1.0], [drawn["b"] + 1.0]]))
    end = bn.running_mean.item()
    return [abs(end - drawn[k]) < 0.002 for k in ("answer", "m", "once", "swapped")]


def memory_evidence():
    import torch

    _y, recorded, _moved = _run("eval", True)
    _y, without, _moved = _run("eval", False)
    assert recorded > 0.5 * _run("train", True)[1]
    loss = (torch.ones(2, requires_grad=True) * 2).sum()
    keeps = not isinstance(loss.item(), float)
    return [keeps, recorded > 0 == without, None, None]


def aloud_evidence():
    import torch

    runs, by_mode, by_recording, _less, freed = _switches()
    bn_moves = runs["train", False][2] and not runs["eval", True][2]
    same = torch.equal(runs["eval", True][0], runs["eval", False][0])
    return [by_mode and runs["eval", True][1] > 0, freed and not by_recording, bn_moves, same, None]


def worked():
    import torch

    bn = torch.nn.BatchNorm1d(1)
    with torch.no_grad():
        bn(torch.tensor([[4.0], [6.0]]))
    return [f"= {bn.running_mean.item():.1f}"]
