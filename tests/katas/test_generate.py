"""Grades katas/generate.py."""

from itertools import pairwise
from math import sqrt

import torch
from torch import nn

from dlkata.suite import draw, holds, integers, near, normal, not_reseeded, place, same, setting, unchanged

V, H = 11, 6


class Recurrent(nn.Module):
    """A small recurrent model that notes its calls; its state is wrapped as `wrap` says, and must come back so."""

    def __init__(self, vocabulary=V, hidden=H, wrap=lambda h: h, unwrap=lambda state: state, sharpness=4.0):
        super().__init__()
        self.embed = nn.Parameter(torch.empty(vocabulary, hidden))
        self.recur = nn.Parameter(torch.empty(hidden, hidden))
        self.out = nn.Parameter(torch.empty(hidden, vocabulary))
        self.wrap, self.unwrap, self.sharpness = wrap, unwrap, sharpness
        self.favoured, self.bonus = 0, 0.0
        self.inner = nn.Dropout(0.5)
        self.calls, self.modes, self.recorded, self.strange, self.last = [], [], [], [], None

    def forward(self, tokens, state):
        self.calls.append(tokens.detach().cpu().clone())
        self.modes.append((self.training, self.inner.training))
        self.recorded.append(torch.is_grad_enabled())
        self.strange.append(state is not self.last)
        h = self.embed.new_zeros(len(tokens), self.recur.shape[0]) if state is None else self.unwrap(state)
        h = self.inner(torch.tanh(self.sharpness * self.embed[tokens] + h @ (1.5 * self.recur)))
        logits = self.sharpness * h @ self.out
        logits[:, self.favoured] += self.bonus
        self.last = self.wrap(h)
        return logits, self.last


def model(**options):
    made = draw(place(Recurrent(**options)))
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(3)
    return made


def prefixes_of(seed, lengths, high=V):
    return integers(seed, high, *((length,) for length in lengths))


def told(result):
    """What was returned, a line a row; says what is no list of lists of ints."""
    right = isinstance(result, list) and all(
        isinstance(row, list) and all(type(token) is int for token in row) for row in result
    )
    holds(
        right,
        "What is returned is not a list of lists of ints.",
        "返回的不是 int 列表的列表。",
        value=f"{type(result).__name__}, {right}",
        name="returned",
    )
    return [" ".join(map(str, row)) for row in result]


def judge(candidate, reference, make, prefixes, *given, case="", **named):
    found = [
        told(m.generate(make(), [p.clone() for p in prefixes], *given, **named))
        for m in (candidate, reference)
    ]
    name = f"tokens{', ' if case else ''}{case}"
    same(str(len(found[0])), str(len(found[1])), f"rows{', ' if case else ''}{case}")
    same(*found, [f"{name}, row {i}, prefix of {len(p)}" for i, p in enumerate(prefixes)])


def test_greedy(candidate, reference, seed):
    """One prefix, greedy: warm-up, then its own tokens
    一个前缀，贪心：先预热，再读自己写的 token"""
    for length in (1, 2, 5):
        judge(candidate, reference, model, prefixes_of(seed, [length]), 7, case=f"prefix of {length}")


def test_batch(candidate, reference, seed):
    """Prefixes of one length
    长度相同的一批前缀"""
    judge(candidate, reference, model, prefixes_of(seed, [4] * 5), 6)
    judge(candidate, reference, model, prefixes_of(seed, [1] * 4), 6)


def test_different_lengths(candidate, reference, seed):
    """Prefixes of different lengths, in any order: each row writes as soon as its prefix is read
    长度不同、次序任意的前缀：每行读完前缀就开始写"""
    for lengths in ((3, 1, 6, 4, 1), (1, 9), (9, 1), (2, 3, 2, 7)):
        judge(candidate, reference, model, prefixes_of(seed, lengths), 5, case=f"lengths {lengths}")


def test_alone(candidate, seed):
    """A row in a batch writes what it writes alone
    一行在 batch 里写出的，与它单独时相同"""
    prefixes = prefixes_of(seed, (3, 1, 6, 4))
    together = told(candidate.generate(model(), prefixes, 6, 2))
    for i, prefix in enumerate(prefixes):
        (alone,) = told(candidate.generate(model(), [prefix], 6, 2))
        same(together[i], alone, f"row {i} in a batch")


def ending(**options):
    """A model that writes `eos` every few tokens."""

    def make(eos=3, bonus=1.5):
        made = model(**options)
        made.favoured, made.bonus = eos, bonus
        return made

    return make


def test_eos(candidate, reference, seed):
    """A row ends with eos; the others go on
    一行写出 eos 就结束，其他行继续"""
    for eos in (3, 0, V - 1):
        for i in range(3):
            prefixes = prefixes_of(seed + i, (2, 5, 1, 3, 2, 1, 4))
            judge(candidate, reference, lambda e=eos: ending()(e), prefixes, 9, eos, case=f"eos = {eos}, {i}")


def test_eos_in_the_prefix(candidate, reference, seed):
    """An eos in the prefix ends nothing
    前缀里的 eos 不结束任何东西"""
    prefixes = prefixes_of(seed, (1, 3, 4, 5))
    for prefix in prefixes:
        prefix[0] = prefix[-1] = 3
    prefixes[3][:] = 3
    judge(candidate, reference, ending(), prefixes, 8, eos=3)


def test_no_eos(candidate, reference, seed):
    """Without eos every row writes max_new_tokens, none of which ends it
    没有 eos 时每行都写满，没有 token 会结束它"""
    for favoured in (0, 1, V - 1):
        prefixes = prefixes_of(seed, (2, 1, 4))
        judge(candidate, reference, lambda f=favoured: ending()(f), prefixes, 7, case=f"much of {favoured}")
        found = [m.generate(ending()(favoured), prefixes, 3, eos=None) for m in (candidate, reference)]
        same(*map(told, found), [f"eos=None, row {i}" for i in range(3)])


def test_limits(candidate, reference, seed):
    """max_new_tokens counts the new tokens of each row
    max_new_tokens 数的是每行新写的 token"""
    for limit in (1, 2, 13):
        prefixes = prefixes_of(seed, (4, 1, 2))
        judge(candidate, reference, model, prefixes, limit, case=f"max_new_tokens = {limit}")
        judge(candidate, reference, ending(), prefixes, limit, 3, case=f"max_new_tokens = {limit}, eos")


def test_small(candidate, reference, seed):
    """A vocabulary of two tokens, or of one
    只有两个、甚至一个 token 的词表"""
    for vocabulary in (2, 1):
        for eos in (0, None):
            prefixes = prefixes_of(seed, (1, 3, 2), vocabulary)
            case = f"V = {vocabulary}, eos = {eos}"
            judge(candidate, reference, lambda v=vocabulary: model(vocabulary=v), prefixes, 4, eos, case=case)


def test_calls(candidate, seed):
    """The model is given every token of a row once, in order, and is not called more often than needed
    模型按次序得到每行的每个 token 各一次，调用次数不多于所需"""
    for lengths, eos, limit in (((3, 1, 6, 2), None, 4), ((1, 4, 2), 3, 8), ((2,), 3, 6), ((5, 5), None, 1)):
        prefixes, made = prefixes_of(seed, lengths), ending()(3)
        written = candidate.generate(made, prefixes, limit, eos)
        case = f"lengths {lengths}, eos = {eos}"
        kinds = {(tuple(tokens.shape), str(tokens.dtype)) for tokens in made.calls}
        holds(
            kinds == {((len(lengths),), "torch.int64")},
            "The model is not always called with int64 tokens of shape (B,).",
            "调用模型时传入的不总是形状 (B,) 的 int64 token。",
            value=str(sorted(kinds)),
            name=f"what the model is called with ({case})",
        )
        read = torch.stack(made.calls, dim=1).tolist()
        wanted = [p.tolist() + new[:-1] for p, new in zip(prefixes, written, strict=True)]
        holds(
            all(row[: len(right)] == right for row, right in zip(read, wanted, strict=True)),
            "A row does not read its prefix and then its own tokens, each once.",
            "有的行不是先读前缀、再读自己写的 token，各一次。",
            value=str([row[: len(right)] == right for row, right in zip(read, wanted, strict=True)]),
            name=f"what rows read ({case})",
        )
        spare = len(made.calls) - max(map(len, wanted))
        holds(
            spare == 0,
            "The model is called more often than the slowest row needs.",
            "模型的调用次数比最慢的一行所需的多。",
            value=spare,
            name=f"calls to spare ({case})",
        )
        outside = sum(not 0 <= token < V for row in read for token in row)
        holds(
            outside == 0,
            "The model is given tokens that are none.",
            "模型得到了词表之外的 token。",
            value=outside,
            name=f"tokens outside ({case})",
        )


WRAPS = {
    "tuple": (lambda h: (h, (h * 2,)), lambda state: state[1][0] / 2),
    "dict": (lambda h: {"h": h, "steps": 1}, lambda state: state["h"]),
    "list": (lambda h: [h], lambda state: state[0]),
    "numbers": (
        lambda h: h.tolist(),
        lambda state: torch.tensor(state, dtype=setting.dtype, device=setting.device),
    ),
}


def test_states(candidate, reference, seed):
    """The state is handed back as it came, whatever it is
    状态原样交还给模型，不论它是什么"""
    for kind, (wrap, unwrap) in WRAPS.items():
        prefixes = prefixes_of(seed, (2, 1, 4))
        judge(candidate, reference, lambda w=wrap, u=unwrap: model(wrap=w, unwrap=u), prefixes, 5, case=kind)
        made = model(wrap=wrap, unwrap=unwrap)
        candidate.generate(made, prefixes, 4)
        strange = sum(made.strange)
        holds(
            strange == 0,
            "The model does not get back the very state it returned last.",
            "模型拿回的不是它上次返回的那个状态。",
            value=strange,
            name=f"strange states ({kind})",
        )


class Fixed(nn.Module):
    """Every step has the same logits, in every row."""

    def __init__(self, logits):
        super().__init__()
        self.logits = logits

    def forward(self, tokens, state):
        return self.logits.expand(len(tokens), -1), None


ROWS, STEPS = 700, 4


def samples(candidate, logits, temperature):
    """(ROWS, STEPS) tokens drawn with fixed logits."""
    prefixes = [torch.zeros(1, dtype=torch.int64, device=setting.device)] * ROWS
    written = candidate.generate(Fixed(logits), prefixes, STEPS, None, temperature)
    told(written)
    return torch.tensor(written)


def test_sampling(candidate):
    """Tokens are drawn from softmax(logits / temperature), each by itself
    token 从 softmax(logits / temperature) 中采样，彼此独立"""
    plain = torch.tensor([0.3, -1.0, 1.2, 0.0, -torch.inf], dtype=setting.dtype, device=setting.device)
    for scale, temperature in ((1.0, 1.0), (1.0, 0.5), (1.0, 2), (1.0, 1), (1e-3, 1e-3)):
        logits = scale * plain
        drawn = samples(candidate, logits, temperature)
        wanted = (logits / temperature).softmax(0).tolist()
        meet = sum(p * p for p in wanted)
        # Pairs of neighbours overlap, so their share varies a little more than that of as many independent ones.
        within = 7 * sqrt(meet * (1 - meet) / (ROWS * STEPS))
        for one, other, name in (
            (drawn[1:], drawn[:-1], "rows"),
            (drawn[:, 1:], drawn[:, :-1], "steps"),
            (drawn[1:, 1:], drawn[:-1, :-1], "rows and steps"),
        ):
            share = (one == other).double().mean()
            near(
                share, meet, within, f"share of neighbouring {name} that agree, temperature {temperature}",
                "Draws are not spread as softmax(logits / temperature), or depend on each other",
                "采样结果的分布不是 softmax(logits / temperature)，或各次采样互相有关",
            )  # fmt: skip
        for token, p in enumerate(wanted):
            near(
                (drawn == token).double().mean(), p, 5 * sqrt(p * (1 - p) / drawn.numel()) + 1e-9,
                f"share of token {token}, temperature {temperature}",
                "A token comes too often or too rarely", "某个 token 出现得太多或太少",
            )  # fmt: skip


class Walk(nn.Module):
    """The next token is the last one plus 1 or plus 2, modulo V, both equally likely."""

    def forward(self, tokens, state):
        logits = torch.full((len(tokens), V), -torch.inf, device=tokens.device, dtype=setting.dtype)
        steps = torch.tensor([1, 2], device=tokens.device)
        return logits.scatter_(1, (tokens[:, None] + steps) % V, 0.0), state


def test_samples_are_fed_back(candidate, seed):
    """What was drawn is what is written and read next, and ends a row if it is eos
    采样得到的 token，就是写下并在下一步读入的；如果是 eos，这一行就结束"""
    prefixes = prefixes_of(seed, (1, 3, 2, 5) * 12)
    for eos in (None, 4):
        written = candidate.generate(Walk(), prefixes, 12, eos, temperature=1.0)
        told(written)
        lines = [[int(p[-1]), *new] for p, new in zip(prefixes, written, strict=True)]
        steps = [(b - a) % V for line in lines for a, b in pairwise(line)]
        holds(
            all(step in (1, 2) for step in steps),
            "A token was written that the one before it does not allow.",
            "写出了前一个 token 之后不可能出现的 token。",
            value=str(all(step in (1, 2) for step in steps)),
            name=f"possible steps (eos = {eos})",
        )
        near(
            steps.count(1) / max(len(steps), 1), 0.5, 5 * sqrt(0.25 / 200), f"share of +1 (eos = {eos})",
            "Of two equally likely tokens one comes too often", "两个等可能的 token 中，有一个出现得太多",
        )  # fmt: skip
        ended = all(
            eos not in line[1:-1] and (len(line) == 13 or (len(line) > 1 and line[-1] == eos))
            for line in lines
        )
        holds(
            ended,
            "A row does not end at the first eos that it writes, or else after 12 tokens.",
            "有的行既没有在第一次写出 eos 时结束，也没有写满 12 个 token。",
            value=str(ended),
            name=f"ends of rows (eos = {eos})",
        )


def test_extreme_logits(candidate, reference, seed):
    """Huge logits and tiny temperatures: no overflow, and −∞ is never chosen
    logits 极大、温度极小：不溢出，−∞ 绝不会选中"""
    order = integers(seed, 1000, (V,))[0].argsort()
    for dtype in (setting.dtype, torch.float32):
        for scale, temperature in ((1.0, 1e-3), (1000.0, 1e-3), (1000.0, 1.0), (-1000.0, 0.5), (1000.0, 0)):
            logits = scale * (order - 3).to(dtype)
            logits[order.argsort()[0]] = -torch.inf
            found = []
            for module in (candidate, reference):
                prefixes = prefixes_of(seed, (1, 2, 1))
                found.append(told(module.generate(Fixed(logits), prefixes, 4, temperature=temperature)))
            case = f"logits up to {abs(scale) * 10:g}, temperature {temperature}, {dtype}"
            same(*found, [f"row {i}, {case}" for i in range(3)])
    only = torch.full((V,), -torch.inf, device=setting.device, dtype=setting.dtype)
    only[4] = -9e3
    for temperature in (0, 1.0):
        found = [
            told(m.generate(Fixed(only), prefixes_of(seed, (1, 2)), 3, temperature=temperature))
            for m in (candidate, reference)
        ]
        same(*found, [f"row {i}, one token possible, temperature {temperature}" for i in range(2)])


def test_defaults(candidate, reference, seed):
    """By default it is greedy; arguments go by name
    默认是贪心；参数可按名字传入"""
    prefixes = prefixes_of(seed, (3, 1, 2))
    for named in ({}, {"temperature": 0}, {"eos": 3, "temperature": 0.0, "generator": torch.Generator()}):
        found = [
            told(m.generate(max_new_tokens=6, model=ending()(3), prefixes=prefixes, **named))
            for m in (candidate, reference)
        ]
        same(*found, [f"row {i}, {', '.join(named)}" for i in range(3)])


def test_generator(candidate, seed):
    """With a generator all chance comes from it, without one from torch
    传入 generator 时随机性全部来自它，不传时来自 torch"""
    prefixes = prefixes_of(seed, (1, 2, 3, 1, 1, 2))
    flat = torch.zeros(V, dtype=setting.dtype, device=setting.device)

    def written(generator=None):
        return candidate.generate(Fixed(flat), prefixes, 9, None, 1.5, generator)

    before = torch.get_rng_state()
    first, again, other = (written(torch.Generator().manual_seed(s)) for s in (seed, seed, seed + 1))
    untouched = torch.equal(before, torch.get_rng_state())
    once = torch.Generator().manual_seed(seed)
    twice = [written(once), written(once)]
    shared = []
    for _ in range(2):
        torch.manual_seed(seed)
        shared.append(written())
    anew = written()
    # Of 54 tokens, 11 equally likely: two right calls are the same once in 11⁵⁴ ≈ 10⁵⁶ times.
    properties = (
        (
            first == again != other,
            "What is drawn does not follow from the generator that was given alone.",
            "采样结果不完全由传入的 generator 决定。",
        ),
        (
            untouched,
            "torch's global generator was used, though another one was given.",
            "明明传入了 generator，却动用了 torch 的全局生成器。",
        ),
        (
            twice[0] != twice[1],
            "Two calls with one generator draw the same: it does not move on, or is seeded anew.",
            "用同一个 generator 调用两次，结果相同：它没有前进，或被重新设了种子。",
        ),
        (
            shared[0] == shared[1],
            "Without a generator chance does not come from torch's global one.",
            "不传 generator 时，随机性不是来自 torch 的全局生成器。",
        ),
        (
            anew != shared[1],
            "Two calls without a generator draw the same: chance is seeded anew in each.",
            "不传 generator 调用两次，结果相同：每次都重新设了种子。",
        ),
    )
    seen = ", ".join(str(bool(right)) for right, *_ in properties)  # all of them tell mistakes apart
    for right, en, zh in properties:
        holds(right, en, zh, value=seen)
    not_reseeded(written)


def test_modes(candidate, seed):
    """Calls happen in eval mode; afterwards every module is in the mode it was in
    调用时处于 eval 模式；之后每个模块都回到原来的模式"""
    cases = ((True, True), (True, False), (False, True), (False, False))
    during, after = [], []
    for outer, inner in cases:
        made = model().train(outer)
        made.inner.train(inner)
        candidate.generate(made, prefixes_of(seed, (2, 1)), 3)
        during.append(sorted(set(made.modes)))
        after.append((made.training, made.inner.training))
    holds(
        all(modes == [(False, False)] for modes in during),
        "The model, or a part of it, is called in train mode.",
        "调用时模型或它的某个部分处于 train 模式。",
        value=str(during),
        name="modes during calls",
    )
    holds(
        tuple(after) == cases,
        "A module is not in the mode it was in before.",
        "有模块没有回到原来的模式。",
        value=str(after),
        name="modes afterwards",
    )


def test_gradients(candidate, seed):
    """No gradients are recorded during calls; afterwards grad mode is what it was
    调用时不记录梯度；之后梯度开关回到原来的样子"""
    for enabled in (True, False):
        made = model()
        with torch.set_grad_enabled(enabled):
            for temperature in (0.0, 1.0):
                candidate.generate(made, prefixes_of(seed, (2, 1)), 3, None, temperature)
            after = torch.is_grad_enabled()
        holds(
            not any(made.recorded),
            "Gradients are recorded while the model is called.",
            "调用模型时记录了梯度。",
            value=sum(made.recorded),
            name="calls that record",
        )
        holds(
            after == enabled,
            "Grad mode is not what it was before.",
            "梯度开关没有回到原来的样子。",
            value=str(after),
            name="grad mode afterwards",
        )


def test_side_effects(candidate, seed):
    """Logits, prefixes and parameters are left as they are, and so is the list
    logits、前缀、参数以及列表本身都保持不变"""
    (logits,) = normal(seed, (V,), grad=False)
    logits[2] = 30.0
    prefixes = prefixes_of(seed, (3, 1, 2))
    named = {f"prefix {i}": p for i, p in enumerate(prefixes)}
    made = ending()(3)
    for temperature in (0.0, 0.7, 2.0):
        with unchanged(logits=logits, **named, **dict(sorted(made.named_parameters()))):
            candidate.generate(Fixed(logits), prefixes, 4, 2, temperature)
            candidate.generate(made, prefixes, 4, 3, temperature)
    holds(
        len(prefixes) == 3 and [len(p) for p in prefixes] == [3, 1, 2],
        "The list of prefixes is no longer what it was.",
        "前缀列表被改动了。",
        value=str([len(p) for p in prefixes]),
        name="the list of prefixes",
    )


def test_calls_apart(candidate, reference, seed):
    """Calls are independent: other models, prefixes and modes before change nothing
    各次调用互不影响：之前用过别的模型、前缀、模式都一样"""
    found = []
    for module in (candidate, reference):
        one, other, lines = ending()(3), ending(hidden=4)(5), []
        for i, made in enumerate((one, other, one, one.train(), other)):
            lines += told(module.generate(made, prefixes_of(seed + i, (2, 3, 1)), 5, 3 if i % 2 else None))
        lines += told(module.generate(one, prefixes_of(seed, (2, 3, 1)), 5, None))
        found.append(lines)
    same(*found, [f"call {i}, row {row}" for i in range(6) for row in range(3)])


def test_layouts(candidate, reference, seed):
    """Prefixes may be views, and the list may hold one twice
    前缀可以是视图，列表里同一个前缀可以出现两次"""
    found = []
    for module in (candidate, reference):
        wide, tall = integers(seed, V, (4, 6), (5, 3))
        prefixes = [wide[0, ::2], tall[:, 1], wide[2], wide[0, ::2], tall[3, :1].expand(4)]
        found.append(told(module.generate(model(), prefixes, 5)))
    same(*found, [f"row {i}" for i in range(5)])
