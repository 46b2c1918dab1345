"""Experiment, draws and evidence for gru.md."""


def worked():
    import torch

    h, r = torch.tensor([1.0, -1.0]), torch.tensor([0.9, 0.1])
    u = torch.tensor([[0.5, 1.0], [1.0, -0.5]])
    first, after = u @ (r * h), r * (u @ h)

    def pair(v):
        return "(" + ", ".join(f"{x:.2f}" for x in v.tolist()).replace("-", "−") + ")"

    return [
        pair(first),
        pair(after),
        f"= {0.9 * 0.8 + 0.1 * -0.5:.2f}",
        f"0.9⁵⁰ = {0.9**50:.3f}",
        f"{0.99**50:.3f}",
    ]


def _text():
    """Ids of the letters (0 is a space), and the first letter of the word that each belongs to."""
    import re
    from pathlib import Path

    import torch

    text = (Path(__file__).parent / "data" / "timemachine.txt").read_text(encoding="utf-8")
    words = re.findall(r"[a-z]+", text.lower())
    letters = " ".join(words)
    first = " ".join(word[0] * len(word) for word in words)
    return tuple(torch.tensor([max(ord(c) - 96, 0) for c in s]) for s in (letters, first))


def _trained(seed, current=False, units=16, steps=120, rows=16, length=20):
    """A GRU that names, at each letter, the first letter of the word (or, if `current`, the letter itself)."""
    import torch

    letters, first = _text()
    want = letters if current else first
    torch.manual_seed(seed)
    rnn, out = torch.nn.GRU(27, units, batch_first=True), torch.nn.Linear(units, 27)
    optimizer = torch.optim.Adam([*rnn.parameters(), *out.parameters()], 0.03)
    one_hot = torch.eye(27)
    for _ in range(steps):
        at = torch.randint(30_000, (rows, 1)) + torch.arange(length)
        known = (letters[at] == 0).cumsum(1) > 0  # a window may begin inside a word
        scores = out(rnn(one_hot[letters[at]])[0])
        loss = torch.nn.functional.cross_entropy(scores[known], want[at][known])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return rnn, loss.item()


def _gates(rnn, ids):
    """The update gate of every unit at every letter."""
    import torch

    w, u, b, c = rnn.weight_ih_l0, rnn.weight_hh_l0, rnn.bias_ih_l0, rnn.bias_hh_l0
    h, found = torch.zeros(rnn.hidden_size), []
    with torch.no_grad():
        for x in torch.eye(27)[ids]:
            (r_x, z_x, n_x), (r_h, z_h, n_h) = (w @ x + b).chunk(3), (u @ h + c).chunk(3)
            r, z = (r_x + r_h).sigmoid(), (z_x + z_h).sigmoid()
            h = z * h + (1 - z) * (n_x + r * n_h).tanh()
            found.append(z)
    return torch.stack(found)


def _means(z, ids):
    """The mean gate at first letters and further inside words."""
    letter = ids != 0
    first = letter & ~letter.roll(1)
    first[0], inside = False, letter & letter.roll(1)
    inside[0] = False
    return z[first].mean().item(), z[inside].mean().item()


def experiment(off=False):
    letters, _first = _text()
    new = letters[34_000:34_400]  # not trained on
    runs, shown = [], None
    for seed in range(3):
        rnn, loss = _trained(seed, current=off)
        assert loss < 0.1, "it has learned its task"
        z = _gates(rnn, new)
        runs.append(_means(z, new))
        shown = z if shown is None else shown
    for first, inside in runs:
        if off:
            assert first < 0.1 and inside < 0.1, "nothing to remember: all is overwritten"
        else:
            assert first < 0.1 and inside > 0.5, "written at the first letter, held inside the word"
    first, inside = (sum(run[i] for run in runs) / 3 for i in (0, 1))
    if off:
        says = (
            f"The current letter is to be named, nothing to be remembered: mean z {first:.2f} at first letters, {inside:.2f} inside "
            "words (3 seeds). The state is overwritten at each step.",
            f"只要说出当前字母，什么都不用记：z 平均在第一个字母处 {first:.2f}，其余字母处 {inside:.2f}（3 个随机种子）。状态每一步都被"
            "改写。",
        )
    else:
        says = (
            f"Mean update gate on new text: {first:.2f} at the first letters of words, {inside:.2f} inside words (3 seeds). The GRU "
            "writes the first letter and holds it until the word is over.",
            f"新文本上更新门的平均值：词的第一个字母处 {first:.2f}，其余字母处 {inside:.2f}（3 个随机种子）。GRU 写入第一个字母，一直保持"
            "到词结束。",
        )
    part = slice(_start(new), _start(new) + 48)
    picture = shown[part].T
    order = picture.mean(1).argsort(descending=True)
    return {
        "says": says,
        "off": ("the current letter is asked for", "改成问当前字母"),
        "title": ("Update gate of 16 units over a sentence", "16 个单元的更新门，横轴是一句话"),
        "chart": "picture",
        "values": picture[order].tolist(),
        "rows": [str(i + 1) for i in range(16)],
        "columns": [" " if i == 0 else chr(96 + i) for i in new[part].tolist()],
        "low": 0,
        "high": 1,
    }


def _start(ids):
    """The beginning of some word."""
    return int((ids[100:] == 0).nonzero()[0]) + 101


def first_letter_evidence():
    letters, _first = _text()
    new, runs = letters[34_000:34_400], []
    for seed in (10, 11, 12):
        rnn, _loss = _trained(seed)
        runs.append(_means(_gates(rnn, new), new))
    high = [(all(a > 0.5 for a, _ in runs), all(b > 0.5 for _, b in runs))]
    low = [(all(a < 0.1 for a, _ in runs), all(b < 0.1 for _, b in runs))]
    return [
        high[0][0] and high[0][1],
        high[0][0] and low[0][1],
        low[0][0] and high[0][1],
        low[0][0] and low[0][1],
    ]


def mixed_draw(rng):
    while True:
        h, n, z = (
            rng.randint(-9, 9) / 10,
            rng.randint(-9, 9) / 10,
            rng.choice([0.1, 0.2, 0.3, 0.6, 0.7, 0.8, 0.9]),
        )
        values = {
            "answer": z * h + (1 - z) * n,
            "swapped": (1 - z) * h + z * n,
            "kept": z * h,
            "added": z * h + n,
        }
        numbers = sorted(values.values())
        if (
            min(b - a for a, b in zip(numbers, numbers[1:], strict=False)) > 0.02
            and min(map(abs, numbers)) > 0.02
        ):
            return {"h": h, "n": n, "z": z} | {k: round(v, 4) for k, v in values.items()}


def mixed_evidence(drawn):
    """A GRU cell of one unit whose gate and candidate are set by its biases."""
    from math import atanh, log

    import torch

    cell = torch.nn.GRUCell(1, 1).double()
    for p in cell.parameters():
        torch.nn.init.zeros_(p)
    with torch.no_grad():
        cell.bias_ih[1] = log(drawn["z"] / (1 - drawn["z"]))
        cell.bias_ih[2] = atanh(drawn["n"])
    new = cell(torch.zeros(1, 1).double(), torch.tensor([[drawn["h"]]]).double()).item()
    return [abs(drawn[k] - new) < 1e-6 for k in ("answer", "swapped", "kept", "added")]


def candidate_draw(rng):
    while True:
        h, u = ([rng.choice([-2, -1, 1, 2, 3]) for _ in range(2)] for _ in range(2))
        r, b = [rng.choice([0.1, 0.2, 0.5, 0.8, 0.9]) for _ in range(2)], rng.choice([-1, 0.5, 1, 2])
        product = u[0] * h[0] + u[1] * h[1]
        values = {
            "answer": r[0] * (product + b),
            "textbook": u[0] * r[0] * h[0] + u[1] * r[1] * h[1] + b,
            "bias_out": r[0] * product + b,
            "no_reset": product + b,
        }
        numbers = sorted(values.values())
        if (
            min(b - a for a, b in zip(numbers, numbers[1:], strict=False)) > 0.1
            and min(map(abs, numbers)) > 0.05
        ):
            shown = {k: round(v, 3) for k, v in values.items()}
            names = {"h1": h[0], "h2": h[1], "u1": u[0], "u2": u[1], "r1": r[0], "r2": r[1], "b": b}
            return names | shown


def candidate_evidence(drawn):
    """A GRU cell of two units whose reset gates are set by biases: the candidate is read off with z = 0."""
    from math import log

    import torch

    cell = torch.nn.GRUCell(1, 2).double()
    for p in cell.parameters():
        torch.nn.init.zeros_(p)
    scale = 1e-3  # small, where tanh is straight
    with torch.no_grad():
        for i in (1, 2):
            r = drawn[f"r{i}"]
            cell.bias_ih[i - 1] = log(r / (1 - r))
        cell.bias_ih[2:4] = -50.0
        cell.weight_hh[4] = torch.tensor([drawn["u1"], drawn["u2"]]).double()
        cell.bias_hh[4] = drawn["b"] * scale
        h = torch.tensor([[drawn["h1"], drawn["h2"]]]).double() * scale
        found = cell(torch.zeros(1, 1).double(), h)[0, 0].item() / scale
    return [
        abs(drawn[k] - found) < 0.005 * abs(found) for k in ("answer", "textbook", "bias_out", "no_reset")
    ]


def gradient_path_evidence():
    import torch

    x = torch.linspace(-5, 5, 1001, dtype=torch.float64)
    steeper = bool((x.sigmoid() * (1 - x.sigmoid())).max() > (1 - x.tanh() ** 2).max())
    torch.manual_seed(0)
    cell = torch.nn.GRUCell(2, 6).double()

    def after(steps, keep):
        h0 = torch.zeros(1, 6, dtype=torch.float64, requires_grad=True)
        with torch.no_grad():
            cell.bias_ih[6:12] = 8.0 if keep else -8.0
        h = h0
        for _ in range(steps):
            h = cell(torch.randn(1, 2, dtype=torch.float64), h)
        return torch.autograd.grad(h.sum(), h0)[0].norm().item()

    plain, kept = after(50, keep=False), after(50, keep=True)
    survives = kept > 1 and plain < 1e-3
    return [steeper, survives, None, None]


def parameters_draw(rng):
    inputs, width = rng.choice([8, 10, 27, 28, 50, 64, 100, 128]), rng.choice([16, 32, 128, 256, 512])
    block = width * (inputs + width) + 2 * width
    return {
        "inputs": inputs,
        "width": width,
        "answer": 3 * block,
        "lstm": 4 * block,
        "one_bias": 3 * (block - width),
        "two_gates": 2 * block,
    }


def parameters_evidence(drawn):
    import torch

    rnn = torch.nn.GRU(drawn["inputs"], drawn["width"], device="meta")
    count = sum(p.numel() for p in rnn.parameters())
    return [drawn[k] == count for k in ("answer", "lstm", "one_bias", "two_gates")]


def converted_evidence():
    """One step under each suspicion, from a random and from a zero state: what differs from torch?"""
    import torch

    torch.manual_seed(0)
    cell = torch.nn.GRUCell(5, 4, bias=False).double()
    x = torch.randn(3, 5, dtype=torch.float64)

    def step(h, early=False, swapped=False, blocks=(0, 1, 2)):
        wx = [(x @ cell.weight_ih.T).chunk(3, 1)[i] for i in blocks]
        u = [cell.weight_hh.chunk(3)[i] for i in blocks]
        r, z = (wx[0] + h @ u[0].T).sigmoid(), (wx[1] + h @ u[1].T).sigmoid()
        n = (wx[2] + ((r * h) @ u[2].T if early else r * (h @ u[2].T))).tanh()
        return {"r": r, "z": z, "n": n, "new": (1 - z) * h + z * n if swapped else z * h + (1 - z) * n}

    def differing(**suspect):
        found = []
        for h in (torch.randn(3, 4, dtype=torch.float64), torch.zeros(3, 4, dtype=torch.float64)):
            right, other = step(h), step(h, **suspect)
            assert torch.allclose(right["new"], cell(x, h))
            found.append({k for k in right if not torch.allclose(right[k], other[k], atol=1e-7)})
        return found

    seen = [{"n", "new"}, set()]
    suspects = ({"blocks": (1, 0, 2)}, {"swapped": True}, {"early": True}, {})
    return [differing(**suspect) == seen for suspect in suspects]
