"""Experiment, draws and evidence for serving.md. A server is simulated step by step."""

from math import ceil


def _static(lengths, slots):
    """A row a slot: in each step the number of the request served (from 1), or 0."""
    rows = [[] for _ in range(slots)]
    for start in range(0, len(lengths), slots):
        batch = lengths[start : start + slots]
        for slot, row in enumerate(rows):
            mine = batch[slot] if slot < len(batch) else 0
            row += [start + slot + 1] * mine + [0] * (max(batch) - mine)
    return rows


def _continuous(lengths, slots):
    rows, left, waiting = [[] for _ in range(slots)], [0] * slots, list(enumerate(lengths, 1))
    who = [0] * slots
    while waiting or any(left):
        for slot in range(slots):
            if not left[slot] and waiting:
                who[slot], left[slot] = waiting.pop(0)
            rows[slot].append(who[slot] if left[slot] else 0)
            left[slot] = max(0, left[slot] - 1)
    return rows


def _useful(rows):
    cells = [cell for row in rows for cell in row]
    return sum(cell > 0 for cell in cells) / len(cells)


def worked():
    share = _useful(_static([100, 100, 100, 700], 4))
    token = 2 * 32 * 8 * 128 * 2
    free = 72e9 - 16.06e9
    reserved, real = int(free / token / 8192), int(free / token / (ceil(1000 / 16) * 16))
    return [f"{share:.1%}".replace("%", " %"), f"{token // 1024} KiB", str(reserved), str(real)]


def _lengths(seed, count, mean, equal):
    import random

    rng = random.Random(seed)
    return [mean if equal else max(1, round(rng.expovariate(1 / mean))) for _ in range(count)]


def experiment(off=False):
    slots, rows = 8, []
    for seed in range(4):
        lengths = _lengths(seed, 400, 20, off)
        static, continuous = _static(lengths, slots), _continuous(lengths, slots)
        one, other = _useful(static), _useful(continuous)
        if off:
            assert one == other == 1, "equal lengths: no slot ever waits"
        else:
            assert 0.32 < one < 0.46, "a static batch waits for the longest of eight"
            assert other > 0.9 and 2 < other / one < 3.2, "a continuous one hardly waits"
        rows.append((one, other))
    one, other = (sum(column) / len(rows) for column in zip(*rows, strict=True))
    if off:
        says = (
            f"All answers have 20 tokens: the slots are busy for {one:.0%} with static and {other:.0%} with continuous "
            f"batching. There is nothing left to win.",
            f"所有回答都是 20 个 token：槽位的占用率，静态批处理 {one:.0%}，连续批处理 {other:.0%}。没有什么可赢的了。",
        )
    else:
        says = (
            f"Useful slot-steps: {one:.0%} with static batches, {other:.0%} with continuous batching, so "
            f"{other / one:.1f} times as many tokens a step (400 answers of 20 tokens on average, 8 slots, 4 seeds).",
            f"槽位有用步数的占比：静态批处理 {one:.0%}，连续批处理 {other:.0%}，每步的 token 是 {other / one:.1f} 倍"
            f"（400 个回答，平均 20 个 token，8 个槽位，4 个种子）。",
        )
    lengths = _lengths(1, 80, 12, off)
    shades = [
        [[cell and 2 + cell % 3 for cell in row[:60]] for row in way(lengths, slots)]
        for way in (_static, _continuous)
    ]
    names = (("Static", "静态"), ("Continuous", "连续"))
    return {
        "says": says,
        "off": ("all answers equally long", "所有回答一样长"),
        "charts": [
            {
                "chart": "picture",
                "title": (
                    f"{en}: a row a slot, time to the right; blank is idle, a change of shade another request",
                    f"{zh}批处理：每行一个槽位，时间向右；空白为空闲，深浅变化为换了请求",
                ),
                "values": values,
                "low": 0,
                "high": 4,
            }
            for (en, zh), values in zip(names, shades, strict=True)
        ],
    }


def capacity_draw(rng):
    while True:
        model, layers, heads, kv = rng.choice(
            [("Llama-3-8B", 32, 32, 8), ("Llama-3-70B", 80, 64, 8), ("Mistral-7B", 32, 32, 8)]
        )
        free, tokens = rng.choice([40, 50, 60, 120, 160]), rng.choice([400, 500, 750, 1000, 1500])
        token, blocks = 2 * layers * kv * 128 * 2, ceil(tokens / 16)
        fit = free * 1e9 / token
        values = {
            "answer": int(fit / (16 * blocks)),
            "reserved": int(fit / 8192),
            "keys": int(2 * fit / (16 * blocks)),
            "all_heads": int(fit * kv / heads / (16 * blocks)),
        }
        if values["answer"] > 100 and abs(values["reserved"] - values["all_heads"]) > 1:
            sizes = {"layers": layers, "heads": heads, "kv": kv, "free": free, "tokens": tokens}
            return {"model": model, "kib": token // 1024, "blocks": blocks} | sizes | values


def capacity_evidence(drawn):
    """Hands out blocks until none is left."""
    import torch

    k = torch.empty(drawn["layers"], drawn["kv"], 16, 128, dtype=torch.bfloat16)
    free, requests = int(drawn["free"] * 1e9 // (2 * k.nbytes)), 0
    while free >= (needed := -(-drawn["tokens"] // 16)):
        free, requests = free - needed, requests + 1
    return [abs(drawn[n] / requests - 1) < 0.01 for n in ("answer", "reserved", "keys", "all_heads")]


def steps_draw(rng):
    from heapq import heappop, heappush

    while True:
        slots, lengths = rng.choice([2, 3, 4]), [rng.randrange(2, 21) for _ in range(8)]
        ends = [0] * slots
        for length in lengths:
            heappush(ends, heappop(ends) + length)
        values = {
            "answer": max(ends),
            "static": sum(max(lengths[i : i + slots]) for i in range(0, 8, slots)),
            "ideal": ceil(sum(lengths) / slots),
            "total": sum(lengths),
        }
        if len(set(values.values())) == 4:
            return {"slots": slots, "lengths": ", ".join(map(str, lengths))} | values


def steps_evidence(drawn):
    lengths = [int(part) for part in drawn["lengths"].split(",")]
    steps = len(_continuous(lengths, drawn["slots"])[0])
    assert len(_static(lengths, drawn["slots"])[0]) == drawn["static"]
    return [drawn[name] == steps for name in ("answer", "static", "ideal", "total")]


def lengths_evidence():
    gains = []
    for seed in range(4):
        lengths = _lengths(seed, 400, 20, False)
        gains.append(_useful(_continuous(lengths, 8)) / _useful(_static(lengths, 8)))
    return [all(abs(gain / claim - 1) < 0.2 for gain in gains) for claim in (1, 1.3, 8, 2.6)]


def prefix_evidence():
    """K of two layers for two prompts that differ in the first token, in a small causal Transformer."""
    import torch

    g = torch.Generator().manual_seed(0)
    d = 16
    table, places = torch.randn(30, d, generator=g), torch.randn(12, d, generator=g)
    layers = [[torch.randn(d, d, generator=g) / 4 for _ in range(4)] for _ in range(3)]

    def keys(tokens):
        x, found = table[tokens] + places, []
        for wq, wk, wv, wo in layers:
            h = torch.nn.functional.rms_norm(x, (d,))
            q, k, v = h @ wq, h @ wk, h @ wv
            found.append(k)
            hidden = torch.ones(12, 12).triu(1).bool()
            x = x + (q @ k.T / 4).masked_fill(hidden, -torch.inf).softmax(-1) @ v @ wo
        return found

    tokens = torch.randint(30, (12,), generator=g)
    other = tokens.clone()
    other[0] = (tokens[0] + 1) % 30
    later = [(a - b)[1:].norm(dim=1) for a, b in zip(keys(tokens), keys(other), strict=True)]
    first_layer_same = later[0].max().item() == 0
    deeper_differ = all(gap.min().item() > 1e-4 for gap in later[1:])
    same_places = len(tokens) == len(other)
    reusable = not deeper_differ
    return [reusable, not same_places, first_layer_same and deeper_differ, reusable]


def paging_evidence():
    import torch

    g = torch.Generator().manual_seed(0)
    d, block, longest = 8, 16, 512
    pool, free, tables = torch.zeros(200, 2, block, d), list(range(200)), {}
    lengths = {"a": 70, "b": 130, "c": 33}
    whole = {name: torch.randn(2, n, d, generator=g) for name, n in lengths.items()}
    for name, kv in whole.items():
        tables[name] = []
        for start in range(0, lengths[name], block):
            tables[name].append(free.pop(int(torch.randint(len(free), (), generator=g))))
            piece = kv[:, start : start + block]
            pool[tables[name][-1], :, : piece.shape[1]] = piece

    q = torch.randn(1, d, generator=g)

    def attend(kv):
        from torch.utils.flop_counter import FlopCounterMode

        with FlopCounterMode(display=False) as counter:
            out = (q @ kv[0].T).softmax(-1) @ kv[1]
        return out, counter.get_total_flops()

    fewer_flops = False
    for name, kv in whole.items():
        paged = torch.cat([pool[i] for i in tables[name]], 1)[:, : lengths[name]]
        (one, flops), (other, more) = attend(kv), attend(paged)
        assert torch.allclose(one, other), "the blocks hold the same cache"
        fewer_flops |= more < flops
    taken = {name: len(table) * block for name, table in tables.items()}
    nothing_reserved = all(taken[n] < lengths[n] + block < longest for n in lengths)
    partly_empty = all((len(t) - 1) * block < lengths[n] <= len(t) * block for n, t in tables.items())
    fewer_bytes = pool[0].nbytes // block < whole["a"][:, 0].nbytes
    in_one_piece = all(t == list(range(t[0], t[0] + len(t))) for t in tables.values())
    tables["d"] = tables["a"][:4]  # another request with the same first 64 tokens
    shared = torch.cat([pool[i] for i in tables["d"]], 1)
    sharing = torch.equal(shared, whole["a"][:, :64]) and len(free) == 200 - sum(
        len(tables[n]) for n in lengths
    )
    return [nothing_reserved, fewer_bytes, sharing, fewer_flops, partly_empty, in_one_piece]


def spikes_evidence():
    n, bandwidth, flops = 8.03e9, 3.35e12, 0.5 * 989e12  # an H100 at half of its peak

    def step(tokens, bytes_each=2.0):
        return max(n * bytes_each / bandwidth, 2 * n * tokens / flops)

    streams, prompt = 64, 8192
    pause = step(prompt + streams)
    assert 0.25 < pause < 0.3 and step(streams) < 0.01
    chunked = step(512 + streams)
    assert abs(chunked - 0.0185) < 0.003
    waits = [step(prompt + streams, 0.52), chunked, pause, step(prompt)]
    return [wait < 0.2 * pause for wait in waits]
