"""cat joins along a dimension that exists, stack along a new one."""


def stack_shape_draw(rng):
    r, c = rng.sample(range(2, 9), 2)
    return {
        "each": f"[{r}, {c}]",
        "right": f"[2, {r}, {c}]",
        "both": f"[2, {2 * r}, {c}]",
        "rows": f"[{2 * r}, {c}]",
        "columns": f"[{r}, {2 * c}]",
        "too_many": 4 * r * c,
    }


def stack_shape_evidence(drawn):
    import json

    import torch

    each = json.loads(drawn["each"])
    shape = list(torch.stack([torch.zeros(each), torch.zeros(each)]).shape)
    return [shape == json.loads(drawn[option]) for option in ("rows", "both", "right", "columns")]


def last_batch_evidence():
    import torch

    outs = [torch.ones(64, 10) for _ in range(10)] + [torch.ones(17, 10)]
    joined = torch.cat(outs)

    def stacks(tensors):
        try:
            torch.stack(tensors)
        except RuntimeError:
            return False
        return True

    padded = bool((joined == 0).any()) or len(joined) == 11 * 64
    adds_up = len(joined) == sum(len(out) for out in outs) and stacks(outs[:10]) and not stacks(outs)
    linked = any(joined.untyped_storage().data_ptr() == out.untyped_storage().data_ptr() for out in outs)
    by_the_last = joined.shape[-1] == sum(out.shape[-1] for out in outs)
    return [padded, adds_up, linked, by_the_last]


def same_as_evidence():
    import torch

    n, d = 3, 4
    a, b = torch.arange(n * d).view(n, d), -torch.arange(n * d).view(n, d)
    wanted = torch.stack([a, b], dim=1)
    options = [
        torch.cat([a, b], dim=1).view(n, 2, d),
        torch.cat([a, b], dim=0).view(n, 2, d),
        torch.stack([a, b], dim=0).transpose(0, 1),
        torch.stack([a, b], dim=0).view(n, 2, d),
        torch.cat([a[:, None], b[:, None]], dim=1),
    ]
    return [torch.equal(option, wanted) for option in options]


def _written(count, grow):
    """Rows written into new memory while `count` of them are collected, and the largest number held at a time."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Written(TorchDispatchMode):
        rows = peak = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            if func.overloadpacket in (torch.ops.aten.cat, torch.ops.aten.stack):
                self.rows += out.numel()
                self.peak = max(self.peak, out.numel() + args[0][0].numel())
            return out

    with Written() as written:
        if grow:
            sequence = torch.zeros(0, 1)
            for _ in range(count):
                sequence = torch.cat([sequence, torch.ones(1, 1)])
        else:
            torch.stack([torch.ones(1)] * count)
    return written.rows, written.peak


def written_evidence():
    factor = _written(240, grow=True)[0] / _written(240, grow=False)[0]
    return [abs(factor / claim - 1) < 0.01 for claim in (1, 2, 120.5, 240)]


def slow_loop_evidence():
    import torch

    def growth(count, grow=True):
        """Work of the last hundredth of the batches, relative to that of the first."""
        early, before, after = (_written(n, grow)[0] for n in (count // 100, count - count // 100, count))
        return (after - before) / early

    with torch.no_grad():
        without_graphs = growth(400) < 2
    fewer = growth(100) < 2
    listed = growth(400, grow=False) == 1
    rows, peak = _written(200, grow=True)
    assert peak > 1.9 * 200 and rows > 90 * 200
    return [without_graphs, fewer, listed, None]


def worked():
    rows = _written(240, grow=True)[0]
    assert _written(240, grow=False)[0] == 240
    return [f"{rows:,}", "240·241/2"]


def experiment():
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    class Written(TorchDispatchMode):
        """Counts the numbers written into new memory."""

        numbers = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            if func.overloadpacket in (torch.ops.aten.cat, torch.ops.aten.stack):
                self.numbers += out.numel()
            return out

    a, b = torch.zeros(2, 3), torch.ones(2, 3)
    rows = []
    for name, join, dims in (("cat", torch.cat, 2), ("stack", torch.stack, 3)):
        for dim in range(dims):
            out = join([a, b], dim=dim)
            rows.append(
                [f"{name}(dim={dim})", str(list(out.shape)), str(out.int().tolist()).replace(" ", "")]
            )
    shapes = [row[1] for row in rows]
    assert shapes == ["[4, 3]", "[2, 6]", "[2, 2, 3]", "[2, 2, 3]", "[2, 3, 2]"], "the shapes of the page"
    assert rows[2][2] != rows[3][2], "stack along 0 and along 1 order the same numbers differently"

    steps, width, every = 240, 8, 4
    grown, once, x = [], [], []
    sequence, step = torch.zeros(0, width), torch.ones(1, width)
    with Written() as growing:
        for t in range(1, steps + 1):
            sequence = torch.cat([sequence, step])
            if t % every == 0:
                x.append(t)
                grown.append(growing.numbers)
    for t in x:
        with Written() as stacking:
            torch.stack([step[0]] * t)
        once.append(stacking.numbers)
    assert once[-1] == steps * width, "stacking once writes every number once"
    assert grown[-1] == width * steps * (steps + 1) // 2, "growing with cat copies what was there, each time"
    factor = grown[-1] / once[-1]
    return {
        "says": (
            f"Two [2, 3] make [4, 3] or [2, 6] with cat, [2, 2, 3] or [2, 3, 2] with stack. Growing {steps} steps "
            f"with cat in a loop wrote {grown[-1]} numbers, stacking the list once {once[-1]}: {factor:.0f} times fewer.",
            f"两个 [2, 3]：cat 得到 [4, 3] 或 [2, 6]，stack 得到 [2, 2, 3] 或 [2, 3, 2]。循环里用 cat 拼 {steps} 步共写了 "
            f"{grown[-1]} 个数，收集后一次 stack 只写 {once[-1]} 个，相差 {factor:.0f} 倍。",
        ),
        "charts": [
            {
                "chart": "table",
                "title": ("a is all 0, b is all 1", "a 全为 0，b 全为 1"),
                "columns": [("call", "调用"), ("shape", "形状"), ("contents", "内容")],
                "rows": rows,
            },
            {
                "chart": "curves",
                "title": ("Numbers written while collecting", "收集过程中写入的数"),
                "x": x,
                "x_label": ("steps collected", "收集的步数"),
                "y_label": ("numbers written", "写入的数"),
                "log_x": False,
                "log_y": True,
                "series": [(("cat in the loop", "循环里 cat"), grown), (("one stack", "一次 stack"), once)],
            },
        ],
    }
