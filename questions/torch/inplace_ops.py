"""Backward needs what an operation saved; the version counter says whether it is intact."""


def _backward_works(loss):
    try:
        loss.backward()
    except RuntimeError:
        return False
    return True


def why_an_error_evidence():
    import torch

    def edited(make):
        x = torch.ones(3, requires_grad=True)
        y = make(x)
        version = y._version
        y.mul_(2)
        return x, y, y._version > version

    _, y, _ = edited(lambda x: x + 1)
    no_derivative = not _backward_works(y.sum())
    _, y, counted = edited(torch.sigmoid)
    leaf = y.is_leaf
    refused = not _backward_works(y.sum())

    # σ′ = y(1 − y) from the output, and what it would give from the overwritten one
    x = torch.ones(1, dtype=torch.float64, requires_grad=True)
    y = x.sigmoid()
    (true,) = torch.autograd.grad(2 * y.sum(), x)
    from_output = torch.allclose(true, 2 * y * (1 - y))
    would_be_wrong = not torch.allclose(true, 2 * (2 * y) * (1 - 2 * y))

    x = torch.ones(1, requires_grad=True)
    y = x.exp() + 1
    y.retain_grad()
    y.sum().backward()
    room = y.grad.data_ptr() == y.data_ptr()
    return [no_derivative, leaf, room, counted and refused and from_output and would_be_wrong]


def hand_written_step_evidence():
    import torch

    def trains(step):
        """Two steps on w²: does w go 1 → 0.8 → 0.64 and stay a leaf?"""
        w = torch.tensor(1.0, requires_grad=True)
        for _ in range(2):
            try:
                w.grad = None
                (w * w).backward()
                w = step(w, 0.1)
            except RuntimeError:
                return False
            if not w.is_leaf:
                return False
        return w.is_leaf and w.requires_grad and abs(w.item() - 0.64) < 1e-6

    def in_place(w, lr):
        w -= lr * w.grad
        return w

    def rebound(w, lr):
        w = w - lr * w.grad
        return w

    return [
        trains(in_place),
        trains(torch.no_grad()(rebound)),
        trains(torch.no_grad()(in_place)),
        trains(rebound),
    ]


def inplace_relu_evidence():
    import torch
    from torch import nn

    conv, relu = nn.Conv2d(1, 2, 3), nn.ReLU(inplace=True)
    x = torch.linspace(-1, 1, 25).view(1, 1, 5, 5).requires_grad_()

    y = conv(x)
    address = y.data_ptr()
    copied = relu(y).data_ptr() != address
    after_conv = _backward_works(y.sum())
    after_sigmoid = _backward_works(relu(torch.sigmoid(x)).sum())

    saved = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: (saved.append(t.data_ptr()), t)[1], lambda t: t):
        middle = x * 1
        y = conv(middle)
    uses_input = middle.data_ptr() in saved and y.data_ptr() not in saved
    needs_nothing = not saved

    middle = x * 1
    y = conv(middle)
    middle.add_(1)
    skips_check = _backward_works(y.sum())
    return [copied, needs_nothing, skips_check, after_conv and not after_sigmoid and uses_input]


def which_survive_evidence():
    import torch

    def fails(f, edited):
        x = torch.full((3,), 2.0, requires_grad=True) + 0
        y = f(x)
        (x if edited == "x" else y).mul_(3)
        return not _backward_works(y.sum())

    functions = {"sin": torch.sin, "exp": torch.exp, "product": lambda x: x * x}
    found = {(name, edited) for name, f in functions.items() for edited in "xy" if fails(f, edited)}
    claims = (
        {("sin", "y"), ("exp", "x"), ("product", "y")},
        {("sin", "x"), ("exp", "y"), ("product", "x")},
        {("sin", "x"), ("exp", "x"), ("product", "x")},
        {("sin", "y"), ("exp", "y"), ("product", "y")},
    )
    return [found == claim for claim in claims]


def traceback_evidence():
    import warnings

    import torch

    def error(anomaly=False, edit=lambda y: y.mul_(2), **options):
        """The message of a failing backward and whether the forward line is told."""
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            with torch.autograd.set_detect_anomaly(anomaly):
                x = torch.ones(4, requires_grad=True)
                y = x.sigmoid()
                edit(y)
                try:
                    y.sum().backward(**options)
                except RuntimeError as problem:
                    return str(problem), any("sigmoid" in str(w.message) for w in told)
                return "", False

    kept, _ = error(retain_graph=True)
    plain, _ = error()
    _, shown = error(anomaly=True)
    hidden, _ = error(edit=lambda y: y.data.mul_(2))
    return [not kept, None, "output 0 of Sigmoid" in plain and shown, None if not hidden else False]


def worked():
    import torch

    out = []
    for edit in (lambda y: None, lambda y: y.data.add_(1)):
        x = torch.zeros((), requires_grad=True)
        y = x.exp()
        edit(y)
        y.backward()
        out.append(f"{x.grad.item():.0f}")
    return ["y = 1", f"y = {out[1]}"]


def experiment(off=False):
    import torch

    operations = {
        "x + 1": lambda x: x + 1,
        "sin(x)": torch.sin,
        "log(x)": torch.log,
        "x * x": lambda x: x * x,
        "exp(x)": torch.exp,
        "sqrt(x)": torch.sqrt,
        "sigmoid(x)": torch.sigmoid,
        "relu(x)": torch.relu,
    }

    def survives(operation, edits):
        """Whether backward runs, and whether its gradient is that of an untouched run."""
        results = []
        for edit in (True, False):
            leaf = torch.full((3,), 2.0, requires_grad=True)
            x = leaf + 0  # not a leaf, so that it may be edited
            y = operation(x)
            hit = x if edits == "input" else y
            if edit:
                (hit.data if off else hit).mul_(-3)
            total = y.sum()
            try:
                results.append(torch.autograd.grad(total, leaf)[0])
            except RuntimeError:
                return False, False
        scale = -3 if edits == "output" and not off else 1  # multiplying y does multiply the gradient
        return True, torch.allclose(results[0], scale * results[1])

    words = {
        (True, True): ("runs", "可以"),
        (True, False): ("wrong gradient", "梯度错误"),
        (False, False): ("error", "报错"),
    }
    rows, results = [], {}
    for name, operation in operations.items():
        saved = []
        x = torch.full((3,), 2.0, requires_grad=True) + 0
        with torch.autograd.graph.saved_tensors_hooks(
            lambda t, s=saved: (s.append(t.data_ptr()), t)[1], lambda t: t
        ):
            y = operation(x)
        keeps = {"input": x.data_ptr() in saved, "output": y.data_ptr() in saved}
        results[name] = {edits: survives(operation, edits) for edits in keeps}
        for edits, kept in keeps.items():
            expected = (True, not kept) if off else (not kept, not kept)
            assert results[name][edits] == expected, (
                f"{name}: editing the {edits} does harm exactly if it was saved"
            )
        kept = {"input": ("input", "输入"), "output": ("output", "输出")}
        what = next((kept[edits] for edits in keeps if keeps[edits]), ("nothing", "无"))
        rows.append([name, what, words[results[name]["input"]], words[results[name]["output"]]])
    harmed = sum(not right for edits in results.values() for _, right in edits.values())
    count = len(operations)
    if off:
        says = (
            f"Through .data none of {2 * count} edits raises an error: the same {harmed} that hit a saved tensor give a wrong gradient instead.",
            f"通过 .data 修改，{2 * count} 次没有一次报错：改到已保存张量的那 {harmed} 次，得到的是错误的梯度。",
        )
    else:
        assert not results["sin(x)"]["input"][0] and results["sin(x)"]["output"][0], "sin saves its input"
        assert results["exp(x)"]["input"][0] and not results["exp(x)"]["output"][0], "exp saves its output"
        says = (
            f"Of {2 * count} in-place edits {harmed} made backward raise, exactly those that hit a saved tensor: "
            "sin keeps its input, exp, sqrt, sigmoid and relu keep their outputs, x + 1 keeps nothing.",
            f"{2 * count} 次原地修改中，有 {harmed} 次让反向传播报错，恰好就是改到了已保存张量的那些：sin 保存输入，"
            "exp、sqrt、sigmoid、relu 保存输出，x + 1 什么也不保存。",
        )
    return {
        "says": says,
        "off": ("the edits go through .data", "通过 .data 修改"),
        "title": (
            "y = f(x), then mul_ on x or on y, then backward",
            "y = f(x)，再对 x 或 y 做 mul_，再反向传播",
        ),
        "chart": "table",
        "columns": [
            "y",
            ("saved for backward", "为反向传播保存"),
            ("x edited", "改 x"),
            ("y edited", "改 y"),
        ],
        "rows": rows,
    }
