"""Experiment, draws and evidence for sequence_sampling.md."""


def worked():
    import torch

    ids, steps, rows = torch.arange(13), 3, 2
    length = (len(ids) - 1) // rows * rows
    batches = ids[:length].reshape(rows, -1).split(steps, dim=1)
    shown = ["[" + " ".join(map(str, row)) + "]" for b in batches for row in b.tolist()]
    return [*shown, f" {length} ", f" {length // steps} "]


def _losses(seed, stay=0.99, window=20, rows=400, windows=15):
    """Loss by position in the window of the best recurrent model of a source with two ways of writing, which starts each
    window with its own last state, a neutral one, or that of another row."""
    import torch

    g = torch.Generator().manual_seed(seed)
    letters = torch.tensor([[0.35, 0.3, 0.2, 0.05, 0.05, 0.05]], dtype=torch.float64)
    emit = torch.cat([letters, letters.flip(1)])  # (2, 6)
    switch = torch.tensor([[stay, 1 - stay], [1 - stay, stay]], dtype=torch.float64)
    way, text = torch.randint(2, (rows,), generator=g), []
    for _ in range(window * windows):
        text.append(torch.multinomial(emit[way], 1, generator=g)[:, 0])
        way = torch.where(torch.rand(rows, generator=g) < stay, way, 1 - way)
    neutral = torch.full((rows, 2), 0.5, dtype=torch.float64)
    found = {}
    for start in ("own", "neutral", "other"):
        state, losses = neutral, torch.zeros(window, dtype=torch.float64)
        for w in range(windows):
            if start == "neutral":
                state = neutral
            elif start == "other":
                state = state[torch.randperm(rows, generator=g)]
            for t in range(window):
                x = text[w * window + t]
                if w:  # the first window has no past
                    losses[t] -= (state @ emit).gather(1, x[:, None]).log().mean()
                state = state * emit[:, x].T  # what is known of the way of writing, and the next one
                state = (state / state.sum(1, keepdim=True)) @ switch
        found[start] = losses / (windows - 1)
    return found


def experiment(off=False):
    import torch

    runs = [_losses(seed, stay=0.5 if off else 0.99) for seed in range(3)]
    for run in runs:
        first = {name: losses[0].item() for name, losses in run.items()}
        if off:
            assert max(first.values()) - min(first.values()) < 1e-9, (
                "nothing to remember: any start is as good"
            )
        else:
            assert first["own"] + 0.1 < first["neutral"] < first["other"] - 0.1, "own, neutral, a stranger's"
            last = [losses[-1].item() for losses in run.values()]
            assert max(last) - min(last) < 0.03, "at the end of the window they have met"
    mean = {name: torch.stack([run[name] for run in runs]).mean(0) for name in runs[0]}
    own, neutral, other = (losses[0].item() for losses in mean.values())
    if off:
        says = (
            f"The way of writing is drawn anew at each letter, so the past says nothing: {own:.2f}, {neutral:.2f} and {other:.2f} at "
            "the first letter. Then random sampling costs nothing.",
            f"每个字母都重新决定用哪种写法，过去没有信息：第一个字母上的 loss 是 {own:.2f}、{neutral:.2f}、{other:.2f}。这时随机采样"
            "没有任何损失。",
        )
    else:
        says = (
            f"Loss at the first letter of a window: {own:.2f} with the state carried over, {neutral:.2f} from a neutral state, "
            f"{other:.2f} with another row's state (3 seeds). At the last letter all have {mean['own'][-1]:.2f} to "
            f"{mean['other'][-1]:.2f}.",
            f"窗口第一个字母上的 loss：传下来的状态 {own:.2f}，中性的状态 {neutral:.2f}，别的行的状态 {other:.2f}（3 个随机种子）。"
            f"到最后一个字母，都在 {mean['own'][-1]:.2f} 到 {mean['other'][-1]:.2f} 之间。",
        )
    labels = {
        "own": ("carried over", "传下来的状态"),
        "neutral": ("neutral", "中性的状态"),
        "other": ("another row's", "别的行的状态"),
    }
    return {
        "says": says,
        "off": ("a source without memory", "没有记忆的信号源"),
        "title": ("Loss by position in the window", "loss 随窗口内位置的变化"),
        "chart": "curves",
        "x": list(range(1, 21)),
        "x_label": ("position", "位置"),
        "y_label": ("loss", "loss"),
        "series": [(label, mean[name].tolist()) for name, label in labels.items()],
    }


def whose_state_evidence():
    runs = [
        [run[name][0].item() for name in ("own", "neutral", "other")] for run in map(_losses, (10, 11, 12))
    ]
    return [
        all(a < c < b for a, b, c in runs),
        all(a < b and abs(b - c) < 0.05 for a, b, c in runs),
        all(max(run) - min(run) < 0.05 for run in runs),
        all(a + 0.1 < b < c - 0.1 for a, b, c in runs),
    ]


def windows_draw(rng):
    while True:
        steps, offset, full = rng.choice([5, 8, 10, 16, 20, 35]), rng.randint(3, 34), rng.randint(12, 60)
        if offset >= steps:
            continue
        length = offset + full * steps  # so that who forgets the target counts a window more
        return {
            "length": length,
            "steps": steps,
            "offset": offset,
            "answer": (length - offset - 1) // steps,
            "no_target": (length - offset) // steps,
            "overlap": length - steps,
            "inputs": (length - offset - 1) // steps * steps,
        }


def windows_evidence(drawn):
    ids, n, at, count = list(range(drawn["length"])), drawn["steps"], drawn["offset"], 0
    while len(ids[at : at + n]) == n == len(ids[at + 1 : at + 1 + n]):
        at, count = at + n, count + 1
    return [drawn[k] == count for k in ("answer", "no_target", "overlap", "inputs")]


def _step_twice(detach=False, retain=False, zero=False, other=False):
    """Two training steps of a small RNN; what the second one says, or how far back its gradient reaches."""
    import torch

    torch.manual_seed(0)
    rnn = torch.nn.RNN(3, 4, batch_first=True)
    optimizer = torch.optim.SGD(rnn.parameters(), 0.1)
    first, second = (torch.randn(2, 5, 3) for _ in range(2))
    first.requires_grad_()
    h = torch.zeros(1, 2, 4)
    for x in (first, second):
        if detach:
            h = h.detach()
        if other:
            x = x.detach()
        out, h = rnn(x, h)
        if zero:
            optimizer.zero_grad()
        try:
            before = None if first.grad is None else first.grad.clone()
            out.square().sum().backward(retain_graph=retain)
        except RuntimeError as error:
            return str(error)
        optimizer.step()
    return "reaches back" if before is not None and not torch.equal(before, first.grad) else "stays"


def second_time_evidence():
    plain, zero, retained = _step_twice(), _step_twice(zero=True), _step_twice(retain=True)
    assert "backward through the graph a second time" in plain
    assert "modified by an inplace operation" in retained
    return [
        zero == "stays",
        retained == "stays",
        _step_twice(detach=True) == "stays",
        _step_twice(other=True) == "stays",
    ]


def why_detach_evidence():
    import torch

    torch.manual_seed(0)
    rnn = torch.nn.RNN(3, 4, batch_first=True)
    h = torch.randn(1, 1, 4)
    kept = torch.equal(h, h.detach())
    windows = [torch.randn(1, 5, 3, requires_grad=True) for _ in range(4)]
    for x in windows:
        out, h = rnn(x, h)
    grads = torch.autograd.grad(out.sum(), windows, retain_graph=True)
    reaches = all(bool((g != 0).any()) for g in grads)
    return [None, not kept, None, kept and reaches]


def held_draw(rng):
    width, rows = rng.choice([256, 512, 1024, 2048]), rng.choice([32, 48, 128])
    steps, windows = rng.choice([35, 64, 70, 100]), rng.choice([10, 20, 50])
    values = {
        "answer": windows * steps * rows * width,
        "one_window": steps * rows * width,
        "ends": windows * rows * width,
        "one_row": windows * steps * width,
    }
    shown = {k: float(f"{v * 4 / 2**20:.4g}") for k, v in values.items()}
    return {"width": width, "rows": rows, "steps": steps, "windows": windows} | shown


def held_evidence(drawn):
    import torch

    rnn = torch.nn.RNN(1, drawn["width"], batch_first=True, device="meta")
    x = torch.empty(drawn["rows"], drawn["steps"], 1, device="meta")
    h, held = None, 0
    for _ in range(drawn["windows"]):
        out, h = rnn(x, h)
        held += out.nbytes  # one state for each row and step
    return [abs(drawn[k] * 2**20 / held - 1) < 0.01 for k in ("answer", "one_window", "ends", "one_row")]


def one_step_evidence():
    import torch

    torch.manual_seed(0)
    rnn, losses = torch.nn.RNN(2, 8, batch_first=True), []
    optimizer = torch.optim.SGD(rnn.parameters(), 0.05)
    h, text = torch.zeros(1, 3, 8), torch.randn(3, 40, 2)
    for x in text.split(5, dim=1):
        h = h.detach()
        out, h = rnn(x, h)
        loss = (out - 0.5).square().mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(rnn.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return [losses[-1] < losses[0]]
