"""A state_dict names tensors; a checkpoint holds all that the next step depends on."""

LR = 0.1


def whole_model_evidence():
    import io
    import sys
    import types

    import torch
    from torch import nn

    home = types.ModuleType("dlkata_demo_home")
    sys.modules[home.__name__] = home
    try:
        exec("from torch import nn\nclass Net(nn.Sequential):\n    pass\n", home.__dict__)
        net = home.Net(nn.Linear(2, 2), nn.BatchNorm1d(2))
        net(torch.ones(2, 2))
        file = io.BytesIO()
        try:
            torch.save(net, file)
        except Exception:
            fails = True
        else:
            fails = False

        def load():
            file.seek(0)
            return torch.load(file, weights_only=False)

        again = load()
        no_buffers = not torch.equal(again[1].running_mean, net[1].running_mean)
        del home.Net
        try:
            load()
        except AttributeError:
            without_code = False
        else:
            without_code = True
    finally:
        del sys.modules[home.__name__]
    return [
        fails,
        without_code,
        not fails and not without_code and isinstance(again, nn.Sequential),
        no_buffers,
    ]


def weights_only_evidence():
    import io
    import pickle
    import sys

    import torch
    from torch import nn

    class Payload:
        def __reduce__(self):
            return exec, ("import sys; sys.dlkata_demo = 'ran'",)

    def load(weights_only):
        """What the file's own code has left behind."""
        file.seek(0)
        try:
            torch.load(file, weights_only=weights_only)
        except pickle.UnpicklingError:
            pass
        return sys.__dict__.pop("dlkata_demo", None)

    file = io.BytesIO()
    torch.save(Payload(), file)
    refused = load(weights_only=True) is None
    ran = load(weights_only=False) == "ran"

    file = io.BytesIO()
    torch.save(nn.Linear(2, 2), file)
    file.seek(0)
    model = torch.load(file, weights_only=False, map_location="meta")
    cannot_move = model.weight.device.type != "meta"
    return [ran and refused, None, cannot_move, not model.weight.requires_grad]


def _run(steps, checkpoint=None, at=None, leave=(), seed=1, adam=True):
    """Losses and mean |step|/rate of a small training with Adam (or plain SGD) and a cosine schedule, and the state after
    `at` steps; `leave` names what is not restored."""
    import copy

    import torch
    from torch import nn

    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(32, 4, generator=generator, dtype=torch.float64)
    y = x.pow(2).sum(1, keepdim=True)
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1)).double()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(0.5 * torch.randn(p.shape, generator=generator, dtype=torch.float64))
    optimizer = (torch.optim.Adam if adam else torch.optim.SGD)(model.parameters(), lr=LR)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=200)
    parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    losses, lengths, saved = [], [], None
    if checkpoint:
        for name, part in parts.items():
            if name not in leave:
                part.load_state_dict(copy.deepcopy(checkpoint[name]))
        if "optimizer" in leave:  # a new optimizer, under the rate that the schedule has come to
            for group in optimizer.param_groups:
                group["lr"] = checkpoint["optimizer"]["param_groups"][0]["lr"]
        if "scheduler" in leave:  # a new schedule begins with the first rate
            for group in optimizer.param_groups:
                group["lr"] = LR
    for step in range(steps):
        if step == at:
            saved = {name: copy.deepcopy(part.state_dict()) for name, part in parts.items()}
        optimizer.zero_grad()
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        losses.append(loss.item())
        before = torch.cat([p.detach().flatten() for p in model.parameters()])
        optimizer.step()
        after = torch.cat([p.detach().flatten() for p in model.parameters()])
        lengths.append((after - before).abs().mean().item() / optimizer.param_groups[0]["lr"])
        scheduler.step()
    return losses, lengths, saved


def resume_evidence():
    whole, _, saved = _run(30, at=20)
    differs = {
        name: _run(10, saved, leave=[name])[0] != whole[20:]
        for name in ("optimizer", "scheduler", "the rest")
    }
    # A new process has no gradients, no graph and no last loss: none of the three was carried over.
    rest = differs["the rest"]
    return [differs["optimizer"], rest, differs["scheduler"], rest, rest]


def checkpoint_size_draw(rng):
    millions = rng.choice([5, 10, 25, 60, 110, 125, 350, 780])
    return {
        "millions": millions,
        "right": 12 * millions,
        "model": 4 * millions,
        "one_moment": 8 * millions,
        "gradients": 16 * millions,
    }


def checkpoint_size_evidence(drawn):
    import io

    import torch
    from torch import nn

    model = nn.Linear(500, 200)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 500)).sum().backward()
    optimizer.step()
    file = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, file)
    each = len(file.getvalue()) / sum(p.numel() for p in model.parameters())
    options = [drawn[name] for name in ("right", "model", "one_moment", "gradients")]
    return [abs(each * drawn["millions"] / option - 1) < 0.03 for option in options]


def with_dropout_evidence():
    import torch
    from torch import nn
    from torch.nn import functional as F

    x = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
    y = x.sum(1, keepdim=True)

    def train(weight, random_state, order, at, until):
        """Steps `at` to `until` of an epoch: weights, generator and the place in the data are all that they depend on."""
        torch.set_rng_state(random_state)
        layer = nn.utils.skip_init(nn.Linear, 6, 1)
        with torch.no_grad():
            layer.weight.copy_(weight)
            layer.bias.zero_()
        optimizer = torch.optim.SGD([layer.weight], lr=0.05)
        for batch in order.split(4)[at:until]:
            optimizer.zero_grad()
            F.mse_loss(layer(F.dropout(x[batch], 0.3)), y[batch]).backward()
            optimizer.step()
        return layer.weight.detach().clone(), torch.get_rng_state(), len(optimizer.state)

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        order, start, first = torch.randperm(40), torch.get_rng_state(), torch.zeros(1, 6)
        whole, _, _ = train(first, start, order, 0, 10)
        half, middle, kept = train(first, start, order, 0, 5)
        resumed, _, _ = train(half, middle, order, 5, 10)
        other_masks, _, _ = train(half, start, order, 5, 10)
        other_order, _, _ = train(half, middle, torch.randperm(40), 0, 5)
    exact = torch.equal(resumed, whole)  # with no moments, no scaler and no logged losses
    return [
        not torch.equal(other_masks, whole),
        not torch.equal(other_order, whole),
        kept > 0 and not exact,
        not exact,
        not exact,
    ]


def worse_after_evidence():
    begins, jumps, above, same, slower = [], [], [], [], []
    for seed in (1, 2, 3):
        whole, before, saved = _run(100, at=60, seed=seed)
        fresh, lengths, _ = _run(40, saved, leave=["optimizer"], seed=seed)
        begins.append(abs(fresh[0] / whole[60] - 1) < 1e-9)
        full_length = lengths[0] > 0.9 and before[59] < 0.4
        jumps.append(max(fresh[:10]) > 1.8 * whole[60] and full_length)
        above.append(fresh[0] > 2 * whole[60])
        same.append(fresh == whole[60:])
        slower.append(lengths[0] < before[59])
    return [all(begins) and all(jumps), any(above), any(same), any(slower)]


def worked():
    import torch
    from torch import nn

    model = nn.Linear(100, 10)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 100)).sum().backward()
    optimizer.step()
    count = sum(p.numel() for p in model.parameters())
    weights = sum(t.nbytes for t in model.state_dict().values()) / count
    moments = sum(t.nbytes for s in optimizer.state.values() for t in s.values() if t.dim()) / count
    return [f"{1.1 * n:.1f} GB" for n in (weights, moments, weights + moments)]


def experiment(off=False):
    stop, more = 60, 40
    whole, before, saved = _run(stop + more, at=stop, adam=not off)
    all_back, _, _ = _run(more, saved, adam=not off)
    no_moments, lengths, _ = _run(more, saved, leave=["optimizer"], adam=not off)
    assert all_back == whole[stop:], "with weights, moments and schedule restored nothing differs"
    ratios = [a / b for a, b in zip(no_moments, whole[stop:], strict=True)]
    worst = max(ratios)
    at = ratios.index(worst)
    if off:
        assert no_moments == whole[stop:], "plain SGD has no state to lose"
        says = (
            f"Plain SGD keeps no moments: after the restart at step {stop} all {more} losses are the same to the last bit, "
            "whether the optimizer's state is restored or not.",
            f"不带动量的 SGD 没有矩：第 {stop} 步重启之后，不管优化器的状态恢复与否，{more} 步的 loss 一位不差。",
        )
    else:
        assert worst > 2 and lengths[0] > 0.9 > 0.4 > before[stop - 1], "empty moments make full steps"
        says = (
            f"Stopped after {stop} steps. With everything restored the next {more} losses are the same to the last bit; without Adam's "
            f"moments the loss is up to {worst:.1f} times as high ({at} step after the restart). The mean step, {before[stop - 1]:.2f} of "
            f"the rate before, is {lengths[0]:.2f} of it at once.",
            f"第 {stop} 步后停下。全部恢复时，之后 {more} 步的 loss 与不停时完全一致，一位不差；不恢复 Adam 的矩，loss 最高达到原来的 "
            f"{worst:.1f} 倍（重启后第 {at} 步）。步长平均原是学习率的 {before[stop - 1]:.2f} 倍，重启后第一步是 {lengths[0]:.2f} 倍。",
        )
    return {
        "says": says,
        "off": ("plain SGD, which has no state", "换成没有状态的 SGD"),
        "title": ("Going on from a checkpoint", "从 checkpoint 继续训练"),
        "chart": "curves",
        "x": list(range(stop, stop + more)),
        "x_label": ("step", "步"),
        "y_label": ("loss", "loss"),
        "log_x": False,
        "log_y": True,
        "series": [
            (("never stopped", "没有停过"), whole[stop:]),
            (("all restored", "全部恢复"), all_back),
            (("optimizer built afresh", "优化器新建"), no_moments),
        ],
    }
