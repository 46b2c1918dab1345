"""zero_grad, forward, loss, backward, clip, step, schedule: each line does one thing."""


def order_evidence():
    """Of all orders that open with zero_grad, only the page's gives the updates worked out by hand."""
    import warnings
    from itertools import permutations

    import torch

    xs, ys = torch.tensor([3.0, 1.0, 2.0]).double(), torch.tensor([1.0, -2.0, 4.0]).double()
    rates, limit = [0.1, 0.05, 0.025], 1.0

    by_hand = 0.5
    for x, y, rate in zip(xs.tolist(), ys.tolist(), rates, strict=True):
        slope = 2 * x * (x * by_hand - y)
        by_hand -= rate * slope * min(1, limit / abs(slope))

    def outcome(lines):
        w = torch.tensor([0.5]).double().requires_grad_()
        optimizer = torch.optim.SGD([w], lr=0.1)
        scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)
        names = {}
        for x, y in zip(xs, ys, strict=True):
            does = {
                "zero": optimizer.zero_grad,
                "forward": lambda x=x, y=y: names.__setitem__("loss", ((x * w - y) ** 2).sum()),
                "backward": lambda: names["loss"].backward(),
                "clip": lambda: torch.nn.utils.clip_grad_norm_([w], limit),
                "step": optimizer.step,
                "schedule": scheduler.step,
            }
            try:
                for line in lines:
                    does[line]()
            except (KeyError, RuntimeError):  # no loss yet, or its graph is used up
                return None
        return w.item()

    right = ("zero", "forward", "backward", "clip", "step", "schedule")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch warns of a scheduler before the optimizer
        found = [
            lines for rest in permutations(right[1:]) if _near(outcome(lines := (right[0], *rest)), by_hand)
        ]
    return [found == [right]]


def _near(value, wanted):
    return value is not None and abs(value - wanted) < 1e-6


def what_step_changes_evidence():
    import torch
    from torch import nn

    model = nn.Linear(2, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    loss = (model(torch.ones(1, 2)) ** 2).sum()
    loss.backward()
    weights, graph = model.weight.detach().clone(), loss.grad_fn
    rate, gradient, moments = optimizer.param_groups[0]["lr"], model.weight.grad.clone(), len(optimizer.state)
    optimizer.step()
    return [
        optimizer.param_groups[0]["lr"] != rate,
        not torch.equal(model.weight.grad, gradient),
        not torch.equal(model.weight, weights) and len(optimizer.state) > moments,
        loss.grad_fn is not graph,
    ]


def never_zeroed_draw(rng):
    w, g, n = rng.choice([5, 10, 20]), rng.randint(1, 4), rng.randint(3, 6)
    lr = rng.choice([0.01, 0.02, 0.05, 0.1])
    return {
        "w": w,
        "g": g,
        "n": n,
        "lr": lr,
        "right": round(w - lr * g * n * (n + 1) / 2, 4),
        "zeroed": round(w - lr * g * n, 4),
        "doubled": round(w - lr * g * (2**n - 1), 4),
        "last": round(w - lr * g * n * n, 4),
    }


def never_zeroed_evidence(drawn):
    import torch

    w = torch.tensor(float(drawn["w"]), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=drawn["lr"])
    for _ in range(drawn["n"]):
        (drawn["g"] * w).backward()
        optimizer.step()
    return [abs(w.item() - drawn[name]) < 1e-4 for name in ("right", "zeroed", "doubled", "last")]


def where_to_clip_evidence():
    import torch

    def weight_after(*lines):
        w = torch.tensor([2.0], requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.1)
        loss = (100 * w).sum()
        does = {
            "backward": loss.backward,
            "clip": lambda: w.grad is not None and torch.nn.utils.clip_grad_norm_([w], 1.0),
            "step": optimizer.step,
        }
        for line in lines:
            does[line]()
        return w.item(), w.grad.item(), optimizer.param_groups[0]["lr"]

    between, before, after = (
        weight_after(*lines)
        for lines in (
            ("backward", "clip", "step"),
            ("clip", "backward", "step"),
            ("backward", "step", "clip"),
        )
    )
    takes_effect = abs(between[0] - 1.9) < 1e-4 and before[0] == after[0] == -8.0
    emptied = weight_after("backward", "step")[1] == 0
    return [None, takes_effect, emptied, between[2] != 0.1]


def validation_memory_evidence():
    import gc
    import weakref

    import torch
    from torch import nn

    def after(batches, add):
        """How many activations are alive and what else has grown."""
        model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1)).eval()
        outputs = []
        model[2].register_forward_hook(lambda _module, _inputs, output: outputs.append(weakref.ref(output)))
        total = torch.zeros(())
        for _ in range(batches):
            total = total + add((model(torch.ones(8, 4)) ** 2).mean())
        gc.collect()
        alive = sum(reference() is not None for reference in outputs)
        gradients = sum(p.grad is not None for p in model.parameters())
        buffers = sum(b.numel() for b in model.buffers())
        return alive, gradients, buffers, total

    few, many = after(3, lambda loss: loss), after(9, lambda loss: loss)
    freed = after(9, lambda loss: loss.item())
    grows = few[0] == 3 and many[0] == 9
    without_total = freed[0]  # what stays alive when only numbers are added up
    return [many[1] > few[1], many[2] > few[2], without_total > 1, grows and without_total <= 1]


def epoch_mean_draw(rng):
    from itertools import pairwise

    while True:
        big = rng.choice([16, 32, 64, 128])
        a, b, c = (rng.randint(2, 40) / 10 for _ in range(3))
        drawn = {
            "right": round((2 * a + 2 * b + c) / 5, 4),
            "plain": round((a + b + c) / 3, 4),
            "full": round((2 * a + 2 * b + c) / 6, 4),
            "summed": round(a + b + c, 4),
        }
        if all(later - earlier > 0.05 for earlier, later in pairwise(sorted(drawn.values()))):
            return {"big": big, "small": big // 2, "all": 5 * big // 2, "a": a, "b": b, "c": c, **drawn}


def epoch_mean_evidence(drawn):
    import torch
    from torch import nn

    sizes = drawn["big"], drawn["big"], drawn["small"]
    errors = [torch.full((n,), drawn[name] ** 0.5).double() for n, name in zip(sizes, "abc", strict=True)]
    batches = [nn.MSELoss()(e, torch.zeros_like(e)).item() for e in errors]
    assert all(abs(loss - drawn[name]) < 1e-6 for loss, name in zip(batches, "abc", strict=True))
    mean = torch.cat(errors).pow(2).mean().item()  # over all samples at once
    return [abs(mean - drawn[name]) < 1e-3 for name in ("right", "plain", "full", "summed")]


def _regression(*lines, steps=50, seed=0):
    """Losses of a full-batch linear regression whose steps consist of these lines."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(64, 3, generator=generator)
    y = x @ torch.tensor([[1.0], [-2.0], [0.5]]) + 0.1 * torch.randn(64, 1, generator=generator)
    w, losses = torch.zeros(3, 1, requires_grad=True), []
    for _ in range(steps):
        loss = ((x @ w - y) ** 2).mean()
        losses.append(loss.item())
        for line in lines:
            if line == "zero":
                w.grad = None
            elif line == "backward":
                loss.backward()
            elif w.grad is not None:  # like an optimizer: no gradient, no step
                with torch.no_grad():
                    w -= 0.1 * w.grad
    return losses


def three_loops_evidence():
    slower, oscillates, stays, falls = [], [], [], []
    for seed in range(3):
        a = _regression("zero", "backward", "step", seed=seed)
        b = _regression("backward", "step", seed=seed)
        c = _regression("backward", "zero", "step", seed=seed)
        rises = sum(later > earlier for earlier, later in zip(b, b[1:], strict=False))
        slower.append(rises == 0 and b[-1] > a[-1])
        oscillates.append(rises > 10 and max(b[25:]) > 10 * a[-1])
        stays.append(c[-1] == c[0])
        falls.append(abs(c[-1] / a[-1] - 1) < 0.1)
    slow, wild, still, same = (all(column) for column in (slower, oscillates, stays, falls))
    return [slow and still, wild and still, slow and same, wild and same]


def constant_loss_evidence():
    import copy

    import torch
    from torch import nn

    def matches(copied=False, zero_late=False, evaluating=False, reduction="mean"):
        """A loss that never changes, and gradients that are still there after the step."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
        optimizer = torch.optim.SGD((copy.deepcopy(model) if copied else model).parameters(), lr=0.01)
        model.train(not evaluating)
        x, losses = torch.ones(4, 3), []
        for _ in range(5):
            model.zero_grad()
            loss = nn.functional.mse_loss(model(x), torch.zeros(4, 1), reduction=reduction)
            losses.append(loss.item())
            loss.backward()
            if zero_late:
                model.zero_grad()
            optimizer.step()
        there = all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in model.parameters())
        return len(set(losses)) == 1 and there

    assert not matches()
    return [
        matches(zero_late=True),
        matches(evaluating=True),
        matches(copied=True),
        matches(reduction="mean"),
    ]


def worked():
    import torch

    ends = []
    for zeroed in (True, False):
        w = torch.tensor(10.0, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.1)
        for _ in range(3):
            if zeroed:
                optimizer.zero_grad()
            (2 * w).backward()
            optimizer.step()
        ends.append(f"{w.item():.1f}")
    return ends


def experiment():
    from itertools import pairwise

    steps = 50
    for seed in (2, 1, 0):
        right = _regression("zero", "backward", "step", seed=seed)
        never = _regression("backward", "step", seed=seed)
        late = _regression("backward", "zero", "step", seed=seed)
        rises = sum(b > a for a, b in pairwise(never))
        assert right[-1] < 0.02, "the right loop finds the line"
        assert max(never[steps // 2 :]) > 10 * right[-1] and rises > 10, (
            "without zero_grad the loss oscillates"
        )
        assert late[-1] == late[0], "zeroing between backward and step learns nothing"
    return {
        "says": (
            f"After {steps} steps the right loop is at {right[-1]:.4f}. Without zero_grad the loss rises in {rises} steps "
            f"and is still at {max(never[-10:]):.1f} in the last ten; zeroed before step, it stays at {late[-1]:.2f}.",
            f"{steps} 步之后，正确的循环降到 {right[-1]:.4f}。不调 zero_grad 时，有 {rises} 步 loss 反而上升，最后十步里仍高达 "
            f"{max(never[-10:]):.1f}；在 step 之前清零，则一直是 {late[-1]:.2f}。",
        ),
        "title": ("The same regression, three loops", "同一个回归，三种循环"),
        "chart": "curves",
        "x": list(range(steps)),
        "x_label": ("step", "步"),
        "y_label": ("loss", "loss"),
        "log_x": False,
        "log_y": True,
        "series": [
            (("right", "正确"), right),
            (("never zeroed", "从不清零"), never),
            (("zeroed before step", "step 前清零"), late),
        ],
    }
