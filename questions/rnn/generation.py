"""Experiment, draws and evidence for generation.md."""

BEGINNINGS = ("the time machine ", "some one was ", "what might not ")


def _writer(order=4):
    """Which letter follows each `order` letters of a novel, and a function that writes."""
    import random
    from collections import Counter, defaultdict
    from pathlib import Path

    text = (Path(__file__).parent / "data" / "timemachine.txt").read_text(encoding="utf-8").lower()
    text = " ".join("".join(c if c.isalpha() else " " for c in text).split())
    follow = defaultdict(Counter)
    for i in range(len(text)):
        around = text[i : i + order + 1] if i + order < len(text) else (text + " " + text)[i : i + order + 1]
        follow[around[:-1]][around[-1]] += 1

    def write(start, count, seed=None):
        chance, out = random.Random(seed), start
        for _ in range(count):
            counts = follow[out[-order:]] or follow[text[:order]]
            if seed is None:
                out += counts.most_common(1)[0][0]
            else:
                out += chance.choices(list(counts), list(counts.values()))[0]
        return out[len(start) :]

    return text, write


def _distinct(text, size=12):
    """The share of different ones among all runs of `size` letters."""
    runs = [text[i : i + size] for i in range(len(text) - size + 1)]
    return len(set(runs)) / len(runs)


def experiment(off=False):
    _text, write = _writer()
    written = [write(start, 400, seed if off else None) for seed, start in enumerate(BEGINNINGS)]
    shares = [_distinct(text) for text in written]
    if off:
        assert min(shares) > 0.9, "sampled text hardly repeats itself"
        says = (
            f"Sampled from the same counts, at least {min(shares):.1%} of all runs of 12 letters are different ones. "
            f"Three beginnings, a seed each.",
            f"从同样的统计中采样，长 12 个字母的片段里至少 {min(shares):.1%} 互不相同。三个开头，各一个种子。",
        )
    else:
        assert max(shares) < 0.2, "greedy text goes round in a circle"
        end = written[0][-100:]
        circle = next(n for n in range(1, 100) if all(text[-n:] * 2 == text[-2 * n :] for text in written))
        loops = {text[-circle:] for text in written}
        assert any(all(one in two * 2 for one in loops) for two in loops), "it is the same circle for all"
        assert "time traveller" in end * 2
        says = (
            f"Of 400 letters written greedily, at most {max(shares):.0%} of the runs of 12 are different ones. All three "
            f"beginnings end in the same circle of {circle} letters.",
            f"贪心写出的 400 个字母里，长 12 个字母的片段至多 {max(shares):.0%} 互不相同。三个开头都落进同一个 {circle} 个字母的圈。",
        )
    return {
        "says": says,
        "off": ("each letter drawn in proportion to its count", "每个字母按出现次数采样"),
        "charts": [
            {
                "chart": "bars",
                "title": (
                    "Different ones among all runs of 12 letters",
                    "长 12 个字母的片段中互不相同的比例",
                ),
                "unit": "%",
                "bars": [
                    (start.strip(), round(100 * s, 1)) for start, s in zip(BEGINNINGS, shares, strict=True)
                ],
            },
            {
                "chart": "text",
                "title": ("What is written", "写出的文本"),
                "lines": [
                    line
                    for start, text in zip(BEGINNINGS, written, strict=True)
                    for line in ((start + text)[:72], "  " + (start + text)[72:142])
                ],
            },
        ],
    }


def worked():
    import torch

    p = torch.tensor([0.6, 0.3, 0.1], dtype=torch.float64)
    return [f"{v:.3f}" for t in (0.5, 2.0) for v in (p.log() / t).softmax(0).tolist()]


def argmax_of_counts_evidence():
    text, write = _writer()
    written = [write(start, 400) for start in BEGINNINGS]
    copies = all(one[:60] in text for one in written)
    varied = all(_distinct(one) > 0.9 for one in written)
    words = set(text.split())
    real = all(all(word in words for word in one.split()[1:-1]) for one in written)
    ends = [one[-60:] for one in written]
    one_circle = all(end in written[0][-200:] for end in ends) and max(map(_distinct, written)) < 0.2
    common = all(set(one) <= set("eta ") for one in written)
    return [copies, varied, real and one_circle, common]


def steps_evidence():
    """Followed in this order, each choice is the argmax after the whole text so far."""
    import torch
    from torch import nn

    for seed in range(3):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            embed, gru, head = nn.Embedding(9, 8), nn.GRU(8, 16), nn.Linear(16, 9)
        text = [3, 1, 4]
        with torch.no_grad():
            state, written = torch.zeros(1, 1, 16), []
            for token in text:
                output, state = gru(embed(torch.tensor([[token]])), state)
            for _ in range(6):
                written.append(int(head(output[0, 0]).argmax()))
                output, state = gru(embed(torch.tensor([[written[-1]]])), state)
            for token in written:
                whole = gru(embed(torch.tensor([text]).T))[0]
                if int(head(whole[-1, 0]).argmax()) != token:
                    return [False]
                text.append(token)
    return [True]


def passes_draw(rng):
    prefix, new = rng.randint(3, 60), rng.randint(5, 90)
    if new == prefix:
        new += 1
    return {
        "prefix": prefix,
        "new": new,
        "answer": prefix + new - 1,
        "one_more": prefix + new,
        "again": new * prefix + new * (new - 1) // 2,
    }


def passes_evidence(drawn):
    steps = 0

    def step():
        nonlocal steps
        steps += 1

    written = 0
    for _ in range(drawn["prefix"]):
        step()
    while True:
        written += 1  # chosen from the last output
        if written == drawn["new"]:
            break
        step()
    return [steps == drawn[name] for name in ("answer", "one_more", "new", "again")]


def why_warm_up_evidence():
    import torch
    from torch import nn

    found = []
    for seed in range(3):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            embed, gru = nn.Embedding(9, 8), nn.GRU(8, 16)
        before = [p.clone() for p in gru.parameters()]
        with torch.no_grad():
            one, two = (gru(embed(torch.tensor([text]).T))[1] for text in ([1, 2, 5], [7, 2, 5]))
            last, skipped = (gru(embed(torch.tensor([text]).T))[1] for text in ([5], [2, 5]))
        adapted = any(not torch.equal(a, b) for a, b in zip(before, gru.parameters(), strict=True))
        tells = (one - two).abs().max() > 0.01 and (one - last).abs().max() > 0.01
        one_is_enough = torch.allclose(one, skipped, atol=1e-3)
        found.append([adapted, bool(tells), None, one_is_enough])
    return [None if row[0] is None else all(row) for row in zip(*found, strict=True)]


def which_temperature_draw(rng):
    from math import log

    while True:
        odds, wanted = rng.sample([1.5, 2, 3, 4, 5, 6, 8, 10, 20], 2)
        answer = log(odds) / log(wanted)
        values = {
            "answer": answer,
            "inverse": 1 / answer,
            "ratio": odds / wanted,
            "difference": abs(log(odds) - log(wanted)),
        }
        found = list(values.values())
        if min(abs(x - y) for i, x in enumerate(found) for y in found[:i]) > 0.05 and min(found) > 0.15:
            return {"odds": odds, "wanted": wanted} | {n: float(f"{v:.4g}") for n, v in values.items()}


def which_temperature_evidence(drawn):
    import torch

    logits = torch.tensor([drawn["odds"], 1.0], dtype=torch.float64).log()

    def holds(temperature):
        p = (logits / temperature).softmax(0)
        return abs((p[0] / p[1]).item() / drawn["wanted"] - 1) < 0.01

    return [holds(drawn[name]) for name in ("answer", "inverse", "ratio", "difference")]


def grows_evidence():
    import torch
    from torch import nn

    with torch.random.fork_rng():
        torch.manual_seed(0)
        cell = nn.GRUCell(4, 6)
    x = torch.zeros(1, 4)

    def kept(steps, graph):
        """Nodes that the last state holds on to, and its size."""
        with torch.set_grad_enabled(graph):
            h = torch.zeros(1, 6)
            for _ in range(steps):
                h = cell(x, h)
        seen, waiting = set(), [h.grad_fn]
        while waiting:
            node = waiting.pop()
            if node is not None and node not in seen:
                seen.add(node)
                waiting += [previous for previous, _index in node.next_functions]
        return len(seen), h.numel()

    state_grows = kept(40, False)[1] > kept(10, False)[1]
    graph = kept(40, True)[0] > 3 * kept(10, True)[0] and kept(40, False)[0] == kept(10, False)[0] == 0
    bytes_of_text = len(("x" * 100_000).encode())
    return [state_grows, bytes_of_text > 2**30, graph, None]
