"""Experiment, draws and evidence for sft.md."""

PAD, END, LONGEST, LIMIT = 0, 10, 9, 14


def worked():
    from math import log

    answer, prompt = (0.5, 0.8, 0.9), (0.1, 0.2)
    losses = [-log(p) for p in answer]
    everything = losses + [-log(p) for p in prompt]
    return [*(f"{x:.3f}" for x in losses), f"{sum(losses) / 3:.3f}", f"{sum(everything) / 5:.3f}"]


def _counter(seed, end_in_loss, steps=250):
    """A GRU that learns prompt n → 1 … n, end. Returns what it writes for a prompt, and its p(end) behind n."""
    import torch
    from torch import nn
    from torch.nn.functional import cross_entropy

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        embed, rnn, out = nn.Embedding(21, 24), nn.GRU(24, 48, batch_first=True), nn.Linear(48, 21)
    weights = [*embed.parameters(), *rnn.parameters(), *out.parameters()]
    tokens = torch.zeros(LONGEST, LONGEST + 2, dtype=torch.long)
    labels = torch.full_like(tokens, -100)
    for n in range(1, LONGEST + 1):
        answer = [*range(1, n + 1), END]
        tokens[n - 1, : n + 2] = torch.tensor([10 + n, *answer])
        labels[n - 1, 1 : n + 2] = torch.tensor(answer if end_in_loss else [*answer[:-1], -100])
    mean, square = ([torch.zeros_like(w) for w in weights] for _ in range(2))
    for step in range(1, steps + 1):
        logits = out(rnn(embed(tokens[:, :-1]))[0])
        loss = cross_entropy(logits.flatten(0, 1), labels[:, 1:].flatten())
        with torch.no_grad():
            for w, m, v, g in zip(weights, mean, square, torch.autograd.grad(loss, weights), strict=True):
                m.lerp_(g, 0.1)
                v.lerp_(g * g, 0.01)
                w -= 0.01 * (m / (1 - 0.9**step)) / ((v / (1 - 0.99**step)).sqrt() + 1e-8)

    @torch.no_grad()
    def write(n):
        token, state, written, ending = torch.tensor([[10 + n]]), None, [], 0.0
        while len(written) < LIMIT and END not in written:
            hidden, state = rnn(embed(token), state)
            p = out(hidden[0, -1]).softmax(-1)
            if written[-1:] == [n] and not ending:
                ending = p[END].item()
            token = p.argmax().view(1, 1)
            written.append(token.item())
        return written, ending

    return write


def experiment(off=False):
    endings, shown, stopped, right = [], {}, 0, 0
    for seed in range(3):
        write = _counter(seed, end_in_loss=off)
        for n in range(1, LONGEST + 1):
            written, ending = write(n)
            endings.append(ending)
            stopped += written == [*range(1, n + 1), END]
            right += written[:n] == list(range(1, n + 1))
            if seed == 0 and n in (2, 4, 7):
                shown[n] = written
    total = 3 * LONGEST
    assert right == total, "up to n every answer is right"
    if off:
        assert stopped == total and min(endings) > 0.9, (
            "with the end token in the loss it stops where it should"
        )
    else:
        assert stopped == 0 and max(endings) < 0.01, "nothing has taught it the end token"
    says = (
        (
            f"With the end token in the loss {stopped} of {total} answers stop where they should; its probability behind n "
            f"is at least {min(endings):.2f}.",
            f"结束符计入 loss 后，{total} 个回答中有 {stopped} 个停在该停的地方；n 之后它的概率至少为 {min(endings):.2f}。",
        )
        if off
        else (
            f"Up to n all {right} answers are right, but {stopped} of them stop there: the probability of the end token "
            f"behind n is at most {max(endings):.4f}. They run to the limit of {LIMIT} tokens.",
            f"到 n 为止 {right} 个回答全对，但停下来的有 {stopped} 个：n 之后结束符的概率最多 {max(endings):.4f}。都写到了 "
            f"{LIMIT} 个 token 的上限。",
        )
    )

    def line(n, written):
        return f"{n} → " + " ".join("<end>" if t == END else str(t) for t in written)

    return {
        "says": says,
        "off": ("the end token is in the loss", "结束符计入 loss"),
        "chart": "text",
        "title": ("Prompt → what is written", "提示 → 写出的内容"),
        "lines": [line(n, written) for n, written in shown.items()],
    }


def accumulate_draw(rng):
    while True:
        a, b = sorted(rng.sample(range(20, 400, 10), 2))
        one, two = round(rng.uniform(0.5, 3), 1), round(rng.uniform(0.5, 3), 1)
        values = {
            "answer": (a * one + b * two) / (a + b),
            "means": (one + two) / 2,
            "swapped": (b * one + a * two) / (a + b),
            "added": one + two,
        }
        numbers = list(values.values())
        if all(abs(v - w) > 0.05 for i, v in enumerate(numbers) for w in numbers[:i]):
            return {"a": a, "b": b, "one": one, "two": two, "total": a + b} | {
                name: round(value, 3) for name, value in values.items()
            }


def accumulate_evidence(drawn):
    import torch
    from torch.nn.functional import cross_entropy

    def logits(count, loss):  # two classes, the right one with probability exp(-loss)
        p = torch.tensor(-loss, dtype=torch.float64).exp()
        return torch.stack([p, 1 - p]).log().expand(count, 2)

    both = torch.cat([logits(drawn["a"], drawn["one"]), logits(drawn["b"], drawn["two"])])
    loss = cross_entropy(both, torch.zeros(len(both), dtype=torch.long)).item()
    return [abs(loss - drawn[name]) < 0.002 for name in ("answer", "means", "swapped", "added")]


def why_answers_evidence():
    import torch
    from torch.nn.functional import cross_entropy

    g = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(40, 8, generator=g, dtype=torch.float64) for _ in range(3))
    causal = torch.ones(40, 40, dtype=torch.bool).tril()

    def attend(q, k, v, mask):
        return (q @ k.T).masked_fill(~mask, -torch.inf).softmax(-1) @ v

    answer = slice(32, 40)
    whole = attend(q, k, v, causal)[answer]
    no_prompt = attend(q[answer], k[answer], v[answer], causal[:8, :8])
    needless = torch.allclose(whole, no_prompt)
    later = k.clone()
    later[36:] += 1
    leaks = not torch.allclose(attend(q, later, v, causal)[:36], attend(q, k, v, causal)[:36])

    logits = torch.randn(40, 9, generator=g, dtype=torch.float64, requires_grad=True)
    labels = torch.randint(9, (40,), generator=g)

    def share(labels):  # of the gradient that falls on the answer's positions
        (grad,) = torch.autograd.grad(cross_entropy(logits, labels), logits)
        sizes = grad.norm(dim=1)
        return (sizes[answer].sum() / sizes.sum()).item()

    masked = labels.clone()
    masked[:32] = -100
    imitates = share(labels) < 0.3 and share(masked) == 1
    return [None, needless, leaks, imitates]


def restart_evidence():
    import torch

    width, start = 8, 57
    g = torch.Generator().manual_seed(0)
    x = torch.randn(2, 20, width, generator=g, dtype=torch.float64)  # two examples of 20 tokens
    to_q, to_k, to_v = (torch.randn(width, width, generator=g, dtype=torch.float64) for _ in range(3))
    learned = torch.randn(100, width, generator=g, dtype=torch.float64)
    rates = 100.0 ** (-torch.arange(0, width, 2, dtype=torch.float64) / width)

    def sinusoid(positions):
        angles = positions[:, None] * rates
        return torch.cat([angles.sin(), angles.cos()], -1)

    def rotate(v, positions):
        cos, sin = (positions[:, None] * rates).cos(), (positions[:, None] * rates).sin()
        a, b = v.chunk(2, -1)
        return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)

    def attend(x, positions, blocks, scheme):
        if scheme == "learned":
            x = x + learned[positions]
        if scheme == "sinusoid":
            x = x + sinusoid(positions)
        q, k, v = x @ to_q, x @ to_k, x @ to_v
        if scheme == "rope":
            q, k = rotate(q, positions), rotate(k, positions)
        scores = q @ k.T / width**0.5
        if scheme == "alibi":
            scores = scores - 0.3 * (positions[:, None] - positions)
        allowed = (blocks[:, None] == blocks) & torch.ones(len(x), len(x), dtype=torch.bool).tril()
        return scores.masked_fill(~allowed, -torch.inf).softmax(-1) @ v

    alone = torch.arange(20)
    packed = torch.cat([start - 20 + alone, start + alone])
    blocks = torch.tensor([0] * 20 + [1] * 20)
    return [
        torch.allclose(
            attend(x.flatten(0, 1), packed, blocks, scheme)[20:],
            attend(x[1], alone, torch.zeros(20), scheme),
        )
        for scheme in ("rope", "learned", "alibi", "sinusoid")
    ]


def masked_end_evidence():
    continued, stopped, repeated, empty = [], [], [], []
    for seed in range(3):
        written, _ending = _counter(seed, end_in_loss=False, steps=150)(4)
        continued.append(written[:9] == [*range(1, 10)] and len(written) == LIMIT and END not in written)
        stopped.append(written[:5] == [1, 2, 3, 4, END])
        repeated.append(written[3:6] == [4, 4, 4])
        empty.append(written[0] == END)
    return [any(stopped), any(empty), all(continued), any(repeated)]


def sudden_nan_evidence():
    import torch
    from torch.nn.functional import cross_entropy

    g = torch.Generator().manual_seed(0)
    logits = torch.randn(6, 9, generator=g)
    nothing = torch.full((6,), -100)
    one_left = nothing.clone()
    one_left[-1] = 4
    by_labels = (
        cross_entropy(logits, nothing).isnan().item() and cross_entropy(logits, one_left).isfinite().item()
    )
    by_size = cross_entropy(30000 * logits.clamp(-1, 1), one_left).isnan().item()
    causal = torch.ones(6, 6, dtype=torch.bool).tril()
    by_mask = bool((~causal.any(1)).any())  # without padding every row keeps its own position
    return [None, by_labels, by_mask, by_size]
