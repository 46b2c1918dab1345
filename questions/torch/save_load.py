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


def _run(steps, checkpoint=None, at=None, leave=()):
    """Losses of a small training with Adam and a cosine schedule; `leave` names what is not restored."""
    import copy

    import torch
    from torch import nn

    generator = torch.Generator().manual_seed(1)
    x = torch.randn(32, 4, generator=generator, dtype=torch.float64)
    y = x.pow(2).sum(1, keepdim=True)
    model = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1)).double()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(0.5 * torch.randn(p.shape, generator=generator, dtype=torch.float64))
    optimizer = torch.optim.Adam(model.parameters(), lr=LR)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=200)
    parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler}
    losses, saved = [], None
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
        optimizer.step()
        scheduler.step()
    return losses, saved


def resume_evidence():
    whole, saved = _run(30, at=20)
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


def experiment():
    stop, more = 60, 40
    whole, saved = _run(stop + more, at=stop)
    all_back, _ = _run(more, saved)
    no_moments, _ = _run(more, saved, leave=["optimizer"])
    assert all_back == whole[stop:], "with weights, moments and schedule restored nothing differs"
    worst = max(a / b for a, b in zip(no_moments, whole[stop:], strict=True))
    assert worst > 2, "without Adam's moments the next steps are others"
    at = next(i for i, (a, b) in enumerate(zip(no_moments, whole[stop:], strict=True)) if a / b == worst)
    return {
        "says": (
            f"Stopped after {stop} steps. With everything restored the next {more} losses are the same to the last bit; "
            f"without Adam's moments the loss is up to {worst:.1f} times as high ({at} step after the restart).",
            f"第 {stop} 步后停下。全部恢复时，之后 {more} 步的 loss 与不停时完全一致，一位不差；"
            f"不恢复 Adam 的矩，loss 最高达到原来的 {worst:.1f} 倍（重启后第 {at} 步）。",
        ),
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
            (("without Adam's state", "不恢复 Adam 的状态"), no_moments),
        ],
    }
