"""Experiment, draws and evidence for torch_compile.md. Graphs are traced and counted; nothing compiles C++."""


def _compilations(function, calls, **options):
    """How many graphs were handed to the backend after each call."""
    import logging

    import torch

    logging.getLogger("torch._dynamo").setLevel(logging.ERROR)
    count, after = 0, []

    def backend(graph, inputs):
        nonlocal count
        count += 1
        return graph.forward

    torch._dynamo.reset()
    compiled = torch.compile(function, backend=backend, **options)
    for inputs in calls:
        assert torch.allclose(compiled(*inputs), function(*inputs)), "compiled or not, the same result"
        after.append(count)
    return after


def _attend(q, k):
    return (q @ k.mT).softmax(-1) @ k


def _steps(lengths):
    import torch

    g = torch.Generator().manual_seed(0)
    q = torch.randn(1, 8, generator=g)
    return [(q, torch.randn(n, 8, generator=g)) for n in lengths]


def worked():
    size = 8192 * 4096 * 2
    return [f"{size / 1e6:.1f} MB"] + [
        text
        for passes in (8, 2)
        for text in (f"{passes * size / 1e6:.0f} MB", f"{passes * size / 3.35e12 * 1e6:.0f} µs")
    ]


def experiment(off=False):
    lengths = [16] * 24 if off else list(range(16, 40))
    calls = _steps(lengths)
    fixed, usual, symbolic = (
        _compilations(_attend, calls, dynamic=dynamic) for dynamic in (False, None, True)
    )
    found = fixed[-1], usual[-1], symbolic[-1]
    if off:
        assert found == (1, 1, 1), "equal lengths: one graph is enough"
        says = (
            f"24 calls with one and the same length: {found[0]} compilation with each of the three settings.",
            f"24 次调用长度都相同：三种设置都只编译 {found[0]} 次。",
        )
    else:
        assert found == (8, 2, 1), "the limit; the first length, then a symbol; a symbol"
        says = (
            f"24 calls with 24 lengths: {found[0]} compilations with dynamic=False (then the limit: eager), {found[1]} by "
            f"default, {found[2]} with dynamic=True.",
            f"24 次调用、24 种长度：dynamic=False 编译 {found[0]} 次（到上限后用 eager 执行），默认 {found[1]} 次，"
            f"dynamic=True {found[2]} 次。",
        )
    return {
        "says": says,
        "off": ("all calls have the same length", "每次调用长度相同"),
        "charts": [
            {
                "chart": "curves",
                "title": ("Compilations so far, call by call", "累计编译次数，随调用"),
                "x": list(range(1, 25)),
                "x_label": ("call", "第几次调用"),
                "y_label": ("compilations", "编译次数"),
                "series": [
                    ("dynamic=False", fixed),
                    (("default", "默认"), usual),
                    ("dynamic=True", symbolic),
                ],
            }
        ],
    }


def saved_draw(rng):
    count = rng.choice([4, 5, 6, 8, 10])
    rows, width = rng.choice([2048, 4096, 8192, 16384, 32768]), rng.choice([4096, 5120, 8192])
    size = rows * width * 2
    values = {"answer": 2 * (count - 1), "eager": 2 * count, "reads": count - 1, "left": 2}
    return {
        "count": count,
        "fewer": count - 1,
        "rows": rows,
        "width": width,
        "size": float(f"{size / 1e6:.4g}"),
    } | {name: float(f"{times * size / 3.35e12 * 1e6:.4g}") for name, times in values.items()}


def saved_evidence(drawn):
    """Counts the numbers that the operations read and write, and those that go into and come out of the graph."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    moved = 0

    class Meter(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            nonlocal moved
            out = func(*args, **(kwargs or {}))
            moved += sum(t.numel() for t in (*args, out) if isinstance(t, torch.Tensor))
            return out

    def chain(x):
        for i in range(drawn["count"]):
            x = (x.sin, x.tanh, x.relu)[i % 3]()
        return x

    x = torch.randn(64, 32)
    with Meter():
        chain(x)
    graph = torch.fx.symbolic_trace(chain).graph
    ends = sum(node.op in ("placeholder", "output") for node in graph.nodes)
    saved = (moved / x.numel() - ends) * drawn["rows"] * drawn["width"] * 2 / 3.35e12 * 1e6
    return [abs(drawn[name] / saved - 1) < 0.01 for name in ("answer", "eager", "reads", "left")]


def why_break_evidence():
    import torch

    def by_value(x):
        y = x * 2
        if y.sum() > 0:
            y = y + 1
        return y.relu()

    def by_shape(x):
        y = x * 2
        if y.shape[0] > 4:
            y = y + 1
        return y.relu()

    def reduced(x):
        y = x * 2
        return (y * y.sum()).relu()

    x = torch.randn(6, 3)
    value, shape, mixed = (_compilations(f, [(x,)])[-1] for f in (by_value, by_shape, reduced))
    assert x.device.type == "cpu", "no GPU to wait for, and yet it breaks"
    return [mixed > 1, (value, shape) == (2, 1), None, None]


def breaks_evidence():
    import contextlib
    import io

    import torch

    def shape(x):
        x = x * 3
        if x.shape[0] > 4:
            x = x + 1
        return x.relu()

    def value(x):
        x = x * 3
        if x.mean() > 0:
            x = x + 1
        return x.relu()

    def loop(x):
        x = x * 3
        for _i in range(3):
            x = x * 2
        return x.relu()

    def item(x):
        x = x * 3
        x = x * x.max().item()
        return x.relu()

    def where(x):
        x = x * 3
        x = torch.where(x > 0, x, -x)
        return x.relu()

    def printing(x):
        x = x * 3
        print(x.mean())
        return x.relu()

    x = torch.randn(6, 3)
    with contextlib.redirect_stdout(io.StringIO()):
        functions = (shape, value, loop, item, where, printing)
        return [_compilations(f, [(x,)])[-1] > 1 for f in functions]


def lengths_evidence():
    calls = _steps(range(16, 40))
    found = _compilations(_attend, calls, dynamic=False)[-1], _compilations(_attend, calls)[-1]
    return [found == pair for pair in ((24, 1), (24, 2), (8, 1), (8, 2))]


def slow_steps_evidence():
    import torch

    calls = _steps(range(16, 40))
    assert _compilations(_attend, calls, dynamic=False)[-1] == 8
    with torch._dynamo.config.patch(recompile_limit=100):
        higher = _compilations(_attend, calls, dynamic=False)[-1]

    def masked(q, k, length):
        hidden = torch.arange(len(k)) >= length
        return (q @ k.mT).masked_fill(hidden, -torch.inf).softmax(-1) @ k

    padded = [(q, torch.cat([k, torch.zeros(64 - len(k), 8)]), torch.tensor(len(k))) for q, k in calls]
    for (q, k), full in zip(calls, padded, strict=True):
        assert torch.allclose(_attend(q, k), masked(*full), atol=1e-6), "the mask hides the empty places"
    fixed = _compilations(masked, padded, dynamic=False)[-1]
    whole = _compilations(_attend, calls[:8], dynamic=False, fullgraph=True)[-1]
    return [higher == 1, fixed == 1, whole == 1, None]
