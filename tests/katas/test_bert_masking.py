"""Grades katas/bert_masking.py.

With p, p_mask and p_random at 0 or 1 nothing is left to chance, and values are compared. Otherwise outcomes are
counted: bounds lie six deviations from what right draws give. There are about fifty of them, so a right attempt is
turned away less than once in 10⁶; and as draws come from generators with fixed seeds, by its own stream, not by the day.
"""

from functools import partial
from math import sqrt

import torch

from dlkata.suite import (
    EXACT,
    Mismatch,
    agree,
    any_layout,
    calls_apart,
    difference,
    holds,
    integers,
    journal,
    keeps_dtype,
    layouts,
    leaves_alone,
    near,
    normal,
    not_reseeded,
    same,
    setting,
)

V, MASK = 11, 4
SPECIAL = [9, 4, 0]  # in no order, at both ends of the vocabulary and inside
ORDINARY = [1, 2, 3, 5, 6, 7, 8, 10]
N = len(ORDINARY)
AWAY = 6.0  # deviations


def made(number):
    return torch.Generator(device=setting.device).manual_seed(number)


def text(seed, *shape):
    """Tokens of all kinds, special ones among them."""
    return integers(seed + 5000, V, shape or (4, 9))[0]


def plain(seed, *shape):
    """Ordinary tokens alone."""
    return torch.tensor(ORDINARY, device=setting.device)[integers(seed + 5000, N, shape)[0]]


def masked(side, tokens, *shares, number=901, **options):
    """p, p_mask and p_random where they are given; `number` seeds the generator."""
    given = (
        dict(zip(("p", "p_mask", "p_random"), shares, strict=False)) | {"generator": made(number)} | options
    )
    returned = side.mask_tokens(tokens, MASK, SPECIAL, V, **given)
    pair = isinstance(returned, (tuple, list)) and len(returned) == 2
    holds(pair, "Return (inputs, labels).", "应返回 (inputs, labels)。", value=str(pair), name="returned")
    return list(returned)


def special(tokens):
    return (tokens.unsqueeze(-1) == torch.tensor(SPECIAL, device=tokens.device)).any(-1)


def ask(right, name, en, zh):
    holds(right, en, zh, value=str(bool(right)), name=name)


def exactly(found, right, name):
    """Compared entry by entry, but noted in a word: where chance slips in, its numbers say nothing about the mistake."""
    for mine, theirs, kind in zip(found, right, ("inputs", "labels"), strict=True):
        finding = difference(mine, theirs, f"{kind} ({name})", EXACT)
        journal.record(f"{kind} ({name})", "wrong" if finding else "right", EXACT)
        if finding is not None:
            raise Mismatch(finding)


def note(tokens, inputs, labels):
    """Which ids get labels, which are changed, and into what, of so many tokens that none is missed by chance."""
    for name, ids in (
        ("labels", labels),
        ("ids with a label", tokens[labels != -100]),
        ("ids that change", tokens[inputs != tokens]),
        ("ids that come instead", inputs[inputs != tokens]),
    ):
        journal.record(name, str(ids.unique().tolist()), EXACT)


def consistent(tokens, inputs, labels, name):
    """What is true whatever was drawn. The positions that were chosen, of ordinary tokens."""
    same(
        [x.shape for x in (inputs, labels)],
        [tokens.shape] * 2,
        [f"shape of {x} ({name})" for x in ("inputs", "labels")],
    )
    same(
        [str(x.dtype) for x in (inputs, labels)],
        ["torch.int64"] * 2,
        [f"dtype of {x} ({name})" for x in ("inputs", "labels")],
    )
    chosen = labels != -100
    ask(
        bool((labels[chosen] == tokens[chosen]).all()),
        f"labels are −100 or the original ({name})",
        "An entry of labels is neither −100 nor the original token.",
        "labels 里有的元素既不是 −100，也不是原来的 token。",
    )
    spared = special(tokens)
    ask(
        not bool((chosen & spared).any()),
        f"special tokens are not chosen ({name})",
        "A special token was chosen.",
        "有特殊 token 被选中了。",
    )
    ask(
        bool((inputs == tokens)[~chosen].all()),
        f"where nothing was chosen, inputs equals tokens ({name})",
        "inputs differs from tokens at a position whose label is −100.",
        "有的位置 label 是 −100，inputs 却与 tokens 不同。",
    )
    ask(
        not bool((special(inputs) & (inputs != MASK))[~spared].any()),
        f"special tokens are not drawn ({name})",
        "An ordinary token was replaced by a special one other than [MASK].",
        "有普通 token 被换成了 [MASK] 以外的特殊 token。",
    )
    return chosen


def share(condition, p, name, en="", zh="", loose=1.0):
    """The share of True among independent entries is p."""
    count = max(condition.numel(), 1)
    within = loose * AWAY * sqrt(max(p * (1 - p), 1e-12) / count)
    near(condition.double().mean().item() if condition.numel() else -1.0, p, within, name, en, zh)


def fates(tokens, inputs, labels, name):
    """0: not chosen. 1: now [MASK]. 2: another token. 3: as it was. −1: special."""
    chosen = consistent(tokens, inputs, labels, name)
    kind = torch.where(inputs == MASK, 1, torch.where(inputs != tokens, 2, 3))
    fate = torch.where(chosen, kind, 0).masked_fill(special(tokens), -1)
    shared = [f"{what} along dim {dim}" for dim in range(fate.dim()) for what in together(fate, dim)]
    holds(
        not shared,
        f"Positions share random numbers, they are always {', '.join(shared)}.",
        f"有些位置共用了随机数，总是一样：{', '.join(shared)}。",
        value=", ".join(shared) or "nothing",
        name=f"shared numbers ({name})",
    )
    return fate


def together(fate, dim):
    """What neighbours along a dimension have in common without exception, though not all are alike."""
    size = fate.shape[dim] - 1
    one, other = fate.narrow(dim, 0, size), fate.narrow(dim, 1, size)
    both = (one > 0) & (other > 0)
    for what, alike, mixed in (
        ("chosen alike", ((one > 0) == (other > 0))[(one >= 0) & (other >= 0)], fate[fate >= 0] > 0),
        ("hidden alike", ((one == 1) == (other == 1))[both], fate[fate > 0] == 1),
    ):
        if (
            len(alike) >= 300 and alike.all() and mixed.any() and not mixed.all()
        ):  # by chance: less than 0.75³⁰⁰
            yield what


def judge_shares(fate, p, p_mask, p_random, name):
    """Chosen, hidden, replaced, kept: a random token is the original one in a share 1/N."""
    fate = fate[fate >= 0]
    chosen = fate > 0
    share(
        chosen, p, f"share chosen ({name})",
        "The share of ordinary tokens that are chosen is wrong.",
        "普通 token 被选中的比例不对。",
    )  # fmt: skip
    found = fate[chosen]
    other = p_random * (1 - 1 / N)
    for kind, target, en, zh in (
        (1, p_mask, "became [MASK]", "变成 [MASK]"),
        (2, other, "became another token", "变成别的 token"),
        (3, 1 - p_mask - other, "stayed as they are", "保持原样"),
    ):
        near(
            (found == kind).double().mean().item() if len(found) else -1.0,
            target,
            AWAY * sqrt(max(target * (1 - target), 1e-12) / (p * fate.numel())),
            f"share of the chosen that {en} ({name})",
            f"Of the chosen tokens the share that {en} is wrong.",
            f"选中的 token 里，{zh}的比例不对。",
        )


def deviate(cells, of):
    """How far counts of `of` equally likely cells are from equal: χ² as a normal deviate (Wilson and Hilferty)."""
    counts = torch.bincount(cells.flatten().cpu(), minlength=of).double()
    expected, freedom = counts.sum().item() / of, of - 1
    chi = ((counts - expected) ** 2 / max(expected, 1e-9)).sum().item()
    return ((chi / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / (2 / (9 * freedom)) ** 0.5


# ---------------------------------------------------------------- nothing left to chance


def test_all_hidden(candidate, reference, seed):
    """With p = 1 and p_mask = 1 every ordinary token becomes [MASK], and labels hold the originals
    p = 1、p_mask = 1 时，每个普通 token 都变成 [MASK]，labels 里是原来的 token"""
    for shape in ((30, 70), (4, 9), (7,), (1, 1), (5, 1), (1, 6), (2, 3, 4)):
        found, right = (masked(side, text(seed, *shape), 1.0, 1.0, 0.0) for side in (candidate, reference))
        if shape == (30, 70) and [x.shape for x in found] == [x.shape for x in right]:
            note(text(seed, *shape), *found)
        exactly(found, right, f"{shape}")


def test_all_kept(candidate, reference, seed):
    """With p_mask = p_random = 0 chosen tokens stay, and labels hold them
    p_mask = p_random = 0 时，选中的 token 都保持原样，labels 里也有它们"""
    for shares in ((1.0, 0.0, 0.0), (1, 0, 0)):
        exactly(*(masked(side, text(seed), *shares) for side in (candidate, reference)), f"{shares}")


def test_none_chosen(candidate, reference, seed):
    """With p = 0 nothing is chosen: inputs equals tokens, labels are all −100
    p = 0 时一个都不选：inputs 与 tokens 相同，labels 全是 −100"""
    for shares in ((0.0,), (0, 1, 0), (0.0, 0.0, 1.0)):
        exactly(*(masked(side, text(seed, 20, 30), *shares) for side in (candidate, reference)), f"{shares}")


def test_single_tokens(candidate, reference):
    """tokens may be a single one, of shape ()
    tokens 可以只有一个，形状为 ()"""
    for token in (1, 10, *SPECIAL):
        for shares in ((1.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)):
            tokens = lambda token=token: torch.tensor(token, device=setting.device)  # noqa: E731
            answers = (masked(side, tokens(), *shares) for side in (candidate, reference))
            exactly(*answers, f"token {token}, {shares}")


def test_nothing_but_special(candidate, reference, seed):
    """Rows of special tokens stay as they are, [MASK] among them
    整行都是特殊 token 时保持原样，[MASK] 也不例外"""
    rows = lambda: torch.tensor(SPECIAL, device=setting.device)[integers(seed, 3, (20, 30))[0]]  # noqa: E731
    for shares in ((1.0, 1.0, 0.0), (1.0, 0.0, 1.0), (1.0,), ()):
        exactly(*(masked(side, rows(), *shares) for side in (candidate, reference)), f"{shares}")


def test_one_ordinary_id(candidate, seed):
    """If one id alone is ordinary, it is the only random token there is
    只有一个普通 id 时，随机 token 只能是它"""
    for ids, size in (([0, 2], 3), ([2, 1, 3], 4), ([0, 1, 2, 4], 5), ([0], 2)):
        tokens = integers(seed, size, (20, 15))[0]
        found = list(candidate.mask_tokens(tokens.clone(), ids[0], list(ids), size, 1.0, 0.0, 1.0, made(902)))
        ordinary = (tokens.unsqueeze(-1) != torch.tensor(ids, device=tokens.device)).all(-1)
        exactly(found, [tokens, tokens.masked_fill(~ordinary, -100)], f"special {ids}, V = {size}")


def test_other_ids(candidate, reference, seed):
    """Other vocabularies and special ids work, whichever of them is [MASK]
    换别的词表、别的特殊 id 也行，不管哪个是 [MASK]"""
    for ids, mask_id, size in (
        ([0, 1, 2, 3], 3, 12),
        ([11, 10], 10, 12),
        ([8, 6, 7, 5], 5, 12),
        ([6], 6, 40),
        ([101, 0, 103, 102], 103, 120),
    ):
        answers = []
        for side in (candidate, reference):
            tokens = integers(seed, size, (5, 30))[0]
            tokens[0, : len(ids)] = torch.tensor(ids, device=setting.device)
            answers.append(list(side.mask_tokens(tokens, mask_id, list(ids), size, 1.0, 1.0, 0.0)))
        exactly(*answers, f"special {ids}")


# ---------------------------------------------------------------- how often


def test_defaults(candidate, seed):
    """By default 15 % are chosen, of these 80 % hidden, 10 % random, 10 % kept
    默认选中 15%，其中 80% 遮住、10% 换成随机 token、10% 保持原样"""
    tokens = plain(seed, 60, 400)
    judge_shares(fates(tokens, *masked(candidate, tokens.clone()), "defaults"), 0.15, 0.8, 0.1, "defaults")


def test_shares(candidate, seed):
    """The three shares are those that were passed, alone and together
    三种比例就是传入的值，单独设、一起设都对"""
    for i, shares in enumerate(
        ((0.4, 0.3, 0.5), (1.0, 0.5, 0.5), (1.0, 0.1, 0.6), (0.7, 0.0, 0.3), (0.2, 1.0, 0.0))
    ):
        tokens = plain(seed, 40, 200)
        judge_shares(
            fates(tokens, *masked(candidate, tokens.clone(), *shares, number=910 + i), f"{shares}"),
            *shares,
            f"{shares}",
        )


def test_rare(candidate, seed):
    """p may be very small: 4 in 1,000, or very large
    p 可以很小，比如千分之四，也可以很大"""
    tokens = plain(seed, 80, 400)
    for p in (0.004, 0.996):
        found = masked(candidate, tokens.clone(), p, number=918)
        fate = fates(tokens, *found, f"p = {p}")
        share(fate > 0, p, f"share chosen (p = {p})")
        share((fate == 1)[fate > 0], 0.8, f"share of these that became [MASK] (p = {p})")


def test_among_special(candidate, seed):
    """Between special tokens the same shares of the ordinary ones are taken; special ones are neither chosen nor drawn
    夹在特殊 token 之间，普通 token 的各种比例不变；特殊 token 既不被选中，也不会被抽到"""
    tokens = text(seed, 50, 180)
    for shares in ((0.4, 0.3, 0.5), (1.0, 0.2, 0.7)):
        found = masked(candidate, tokens.clone(), *shares, number=920)
        judge_shares(
            fates(tokens, *found, f"{shares}, special among them"), *shares, f"{shares}, special among them"
        )


def test_labels_of_each_kind(candidate, seed):
    """Chosen tokens have a label whether they are hidden, replaced or kept
    选中的 token 都有 label，不论被遮住、被替换还是保持原样"""
    for i, shares in enumerate(((0.5, 1.0, 0.0), (0.5, 0.0, 1.0), (0.5, 0.0, 0.0))):
        tokens = plain(seed, 30, 100)
        found = masked(candidate, tokens.clone(), *shares, number=925 + i)
        share(fates(tokens, *found, f"{shares}") > 0, 0.5, f"share with a label {shares}")


def test_random_tokens(candidate, seed):
    """A random token is any ordinary one, equally often, whatever it replaces
    随机 token 在所有普通 token 里均匀抽取，与被替换的 token 无关"""
    tokens = plain(seed, 40, 200)
    inputs, labels = masked(candidate, tokens.clone(), 1.0, 0.0, 1.0, number=930)
    journal.record("ids drawn", str(inputs.unique().tolist()), EXACT)
    consistent(tokens, inputs, labels, "all random")
    ids = torch.full((V,), -1, device=setting.device)
    ids[ORDINARY] = torch.arange(N, device=setting.device)
    drawn = ids[inputs.clamp(0, V - 1)].clamp(min=0)
    words = (
        "Random tokens are not drawn uniformly from the ordinary ids.",
        "随机 token 不是从普通 id 中均匀抽取的。",
    )
    near(deviate(drawn, N), 0.0, AWAY, "χ² of the random tokens, as a normal deviate", *words)
    near(len(drawn.unique()), N, 0.5, "number of different random tokens", *words)
    share(
        inputs == tokens, 1 / N, "share of random tokens that are the original one",
        "A random token does not depend on the one it replaces: it is that one in a share 1/n of cases.",
        "随机 token 与被替换的 token 无关：有 1/n 的可能恰好是原来的那个。",
    )  # fmt: skip
    for dim in (0, 1):
        size = tokens.shape[dim] - 1
        share(
            inputs.narrow(dim, 0, size) == inputs.narrow(dim, 1, size), 1 / N,
            f"share of equal neighbours among random tokens, dim {dim}",
            "Each position draws a random token of its own.",
            "每个位置都要各抽一个随机 token。",
            loose=1.1,
        )  # fmt: skip


def test_any_token_alike(candidate, seed):
    """Each token, and each place, is chosen and hidden as often as others
    每种 token、每个位置被选中、被遮住的机会都一样"""
    tokens = plain(seed, 120, 80)
    fate = fates(tokens, *masked(candidate, tokens.clone(), 0.5, 0.4, 0.3, number=935), "each token")
    for name, part in (
        *((f"token {token}", tokens == token) for token in (1, 5, 10)),
        ("first column", (slice(None), slice(0, 8))),
        ("last column", (slice(None), slice(-8, None))),
        ("first rows", slice(0, 12)),
        ("last rows", slice(-12, None)),
    ):
        share(fate[part] > 0, 0.5, f"share chosen ({name})")
        share(fate[part] == 1, 0.2, f"share that became [MASK] ({name})")


# ---------------------------------------------------------------- each for itself


def test_each_position_for_itself(candidate, seed):
    """Neighbours along any dimension are chosen and hidden independently
    沿任何一维，相邻的 token 各自独立地被选中、被遮住"""
    alike = 0.4**2 + 0.3**2 + 0.3**2  # not chosen, [MASK], kept
    for shape in ((100, 90), (12, 25, 30)):
        tokens = plain(seed, *shape)
        fate = fates(tokens, *masked(candidate, tokens.clone(), 0.6, 0.5, 0.0, number=940), f"{shape}")
        for dim in range(len(shape)):
            size = shape[dim] - 1
            share(
                fate.narrow(dim, 0, size) == fate.narrow(dim, 1, size), alike,
                f"share of neighbours of the same fate, dim {dim} of {shape}",
                "Neighbours along this dimension share a coin.",
                "沿这一维相邻的位置共用了随机数。",
                loose=1.1,
            )  # fmt: skip


def test_numbers_vary(candidate, seed):
    """How many tokens are chosen, and how many hidden, varies from row to row and from call to call
    选中多少个、遮住多少个，各行不同，各次调用也不同"""
    generator = made(945)
    tokens = plain(seed, 600, 20)
    options = {"generator": generator}
    rows = fates(tokens, *masked(candidate, tokens.clone(), 0.6, 0.5, 0.0, **options), "600 rows")
    calls = [
        fates(row, *candidate.mask_tokens(row.clone(), MASK, SPECIAL, V, 0.6, 0.5, 0.0, generator), "a call")
        for row in tokens[:300]
    ]
    for name, fate in (("rows", rows), ("calls", torch.stack(calls))):
        for what, counts, p in (
            ("chosen", (fate > 0).sum(1).double(), 0.6),
            ("hidden", (fate == 1).sum(1).double(), 0.3),
        ):
            right = 20 * p * (1 - p)
            near(
                counts.var().item(), right, AWAY * right * sqrt(2 / len(fate)), f"variance of the number {what} ({name})",
                f"The number of tokens {what} must be left to chance, as it is for independent draws.",
                f"{'选中' if what == 'chosen' else '遮住'}的个数应由各自独立的抽取自然决定。",
            )  # fmt: skip


def test_calls_for_themselves(candidate, seed):
    """Every call draws anew, and leaves what earlier calls returned as it is
    每次调用都重新抽取，也不改动之前返回的结果"""
    tokens, generator = plain(seed, 40, 100), made(950)
    first = masked(candidate, tokens.clone(), 0.6, 0.5, 0.0, generator=generator)
    kept = [x.clone() for x in first]
    second = masked(candidate, tokens.clone(), 0.6, 0.5, 0.0, generator=generator)
    ask(
        all(map(torch.equal, first, kept)),
        "what the first call returned",
        "A second call changed what the first one had returned.",
        "第二次调用改动了第一次返回的结果。",
    )
    one, other = (fates(tokens, *found, f"call {i + 1}") for i, found in enumerate((first, second)))
    share(
        one == other, 0.4**2 + 0.3**2 + 0.3**2, "share of the same fate in two calls",
        "Two calls must draw independently.",
        "两次调用应各自独立抽取。",
    )  # fmt: skip


def outcome(candidate, tokens, number=None, **options):
    if number is not None:
        options["generator"] = made(number)
    return torch.stack(
        list(candidate.mask_tokens(tokens.clone(), MASK, SPECIAL, V, 0.5, 0.3, 0.4, **options))
    )


def test_given_generator(candidate, seed):
    """A generator that is given decides alone, goes on, and the global one stays as it is
    传入的 generator 独自决定结果并向前推进，全局生成器保持不变"""
    tokens = plain(seed, 20, 30)
    before = torch.get_rng_state()
    generator = made(8)
    first, second = (outcome(candidate, tokens, generator=generator) for _ in range(2))
    alone = torch.equal(before, torch.get_rng_state())
    torch.rand(3)
    again, other = outcome(candidate, tokens, 8), outcome(candidate, tokens, 9)
    ask(
        torch.equal(first, again),
        "same seed, same outcome",
        "The same seed gives another outcome.",
        "种子相同，结果却不同。",
    )
    ask(
        not torch.equal(first, other),
        "other seed, other outcome",
        "Another seed gives the same outcome.",
        "种子不同，结果却相同。",
    )
    ask(
        not torch.equal(first, second),
        "goes on",
        "A second call repeats the first.",
        "第二次调用重复了第一次的结果。",
    )
    ask(
        alone,
        "global generator untouched",
        "The global generator was used as well.",
        "全局生成器也被用到了。",
    )


def test_defaults_written_out(candidate, seed):
    """Without settings the outcome is that of 0.15, 0.8 and 0.1
    不传设置时，结果与写明 0.15、0.8、0.1 时相同"""
    tokens = plain(seed, 60, 400)
    short, long = (torch.stack(masked(candidate, tokens.clone(), *given)) for given in ((), (0.15, 0.8, 0.1)))
    ask(
        torch.equal(short, long),
        "defaults",
        "With one seed the outcome is another when 0.15, 0.8 and 0.1 are written out: a default is wrong.",
        "种子相同，写明 0.15、0.8、0.1 后结果却变了：有的默认值不对。",
    )


def test_global_generator(candidate, seed):
    """Without a generator it is torch's global one, which is not reseeded
    不传 generator 时用 torch 的全局生成器，且不重新设种子"""
    tokens = plain(seed, 20, 30)
    found = []
    for number in (5, 5, 6):
        torch.manual_seed(number)
        found.append(outcome(candidate, tokens))
    ask(
        torch.equal(found[0], found[1]),
        "same global seed, same outcome",
        "torch.manual_seed does not decide what is drawn.",
        "抽取的结果不由 torch.manual_seed 决定。",
    )
    ask(
        not torch.equal(found[1], found[2]),
        "other global seed, other outcome",
        "Whatever torch.manual_seed is given, the outcome is the same.",
        "无论 torch.manual_seed 传什么，结果都一样。",
    )
    not_reseeded(lambda: outcome(candidate, tokens))
    torch.manual_seed(77)
    large = plain(seed, 50, 200)
    judge_shares(
        fates(large, *masked(candidate, large.clone(), 0.5, 0.3, 0.4, generator=None), "global"),
        0.5,
        0.3,
        0.4,
        "global",
    )


def test_layouts(candidate, reference, seed):
    """Transposed, strided and expanded tokens work; rows that are one in memory are drawn for apart
    tokens 是转置、带步长的切片或 expand 的结果时也正确；内存里是同一行的各行也要各自抽取"""
    for name, base, view in layouts(4, 3, 6):
        for shares in ((1.0, 1.0, 0.0), (1.0, 0.0, 0.0)):
            answers = (masked(side, view(text(seed, *base)), *shares) for side in (candidate, reference))
            exactly(*answers, f"{name}, {shares}")
    tokens = plain(seed, 1, 20).expand(200, 20)
    before = tokens.clone()
    found = masked(candidate, tokens, 0.6, 0.5, 0.0, number=955)
    ask(torch.equal(tokens, before), "expanded tokens", "tokens was changed.", "tokens 被改动了。")
    fate = fates(tokens, *found, "expanded")
    share(fate[1:] == fate[:-1], 0.34, "share of the same fate in rows that are one", loose=1.1)


def test_tokens_unchanged(candidate, seed):
    """tokens is left as it is, and so is the list of special ids; what is returned is new
    tokens 和特殊 id 的列表保持不变；返回的是新张量"""
    tokens, ids = text(seed), list(SPECIAL)
    for shares in ((1.0, 1.0, 0.0), (1.0, 0.0, 1.0), (0.0, 0.5, 0.5), (0.5, 0.4, 0.4)):
        call = lambda _, x, shares=shares: candidate.mask_tokens(x, MASK, ids, V, *shares, made(960))  # noqa: E731
        leaves_alone(lambda: None, lambda i: text(seed + i), call=call)
        inputs, labels = call(None, tokens)
        for returned in (inputs, labels):
            returned.fill_(7)
        same(tokens, text(seed), f"tokens, once what was returned has been written to {shares}")
    ask(ids == SPECIAL, "special_ids", "The list of special ids was changed.", "特殊 id 的列表被改动了。")


# ---------------------------------------------------------------- the loss


def logits_of(seed, *shape, scale=1.5):
    return normal(seed, shape or (3, 5, V), scale=scale)[0]


def some(seed, *shape, size=V):
    """Labels, two in five of them −100, uneven from row to row; the first is the id 0, the last is not −100."""
    labels = integers(seed + 1, size, shape)[0]
    drop = normal(seed + 2, shape, grad=False)[0] > 0.2
    drop[..., -1:] = False
    labels = labels.masked_fill(drop, -100)
    labels.view(-1)[0] = 0
    return labels


def ragged(seed):
    """Rows with one, two, three and five chosen positions."""
    labels = integers(seed + 1, V, (4, 5))[0]
    for row, count in enumerate((1, 2, 3)):
        labels[row, count:] = -100
    return labels


def losses(side, labels):
    return lambda logits: side.mlm_loss(logits, labels.clone())


def test_loss(candidate, reference, seed):
    """The loss is the mean of −log p over the chosen positions, and its gradient is right
    loss 是选中位置上 −log p 的平均，梯度也正确"""
    labels = some(seed, 3, 5)
    agree(losses(candidate, labels), losses(reference, labels), partial(logits_of, seed), "loss")


def test_loss_of_rows(candidate, reference, seed):
    """Each chosen position weighs the same, in whatever row it stands
    每个选中位置的权重相同，不论它在哪一行"""
    labels = ragged(seed)
    agree(
        losses(candidate, labels),
        losses(reference, labels),
        partial(logits_of, seed, 4, 5, V),
        "loss (uneven rows)",
    )
    labels[1] = -100
    agree(
        losses(candidate, labels),
        losses(reference, labels),
        partial(logits_of, seed, 4, 5, V),
        "loss (an empty row)",
    )


def test_loss_of_all(candidate, reference, seed):
    """Every position may be chosen, or a single one; the id 0 counts like others
    可以全部选中，也可以只选中一个；id 0 与其他 id 一样计入"""
    labels = integers(seed, V, (3, 5))[0]
    agree(losses(candidate, labels), losses(reference, labels), partial(logits_of, seed), "loss (all chosen)")
    for token in (0, 4, V - 1):
        labels = torch.full((3, 5), -100, device=setting.device)
        labels[1, 2] = token
        agree(
            losses(candidate, labels),
            losses(reference, labels),
            partial(logits_of, seed),
            f"loss (a single {token})",
        )
    zeros = torch.zeros(3, 5, dtype=torch.int64, device=setting.device)
    agree(
        losses(candidate, zeros),
        losses(reference, zeros),
        partial(logits_of, seed),
        "loss (nothing but id 0)",
    )


def test_loss_of_none(candidate, reference, seed):
    """If nothing was chosen, the loss is 0 and gradients are 0, not NaN
    一个都没选中时，loss 为 0，梯度为 0，而不是 NaN"""
    for shape in ((3, 5), (4,), (1, 1), ()):
        labels = torch.full(shape, -100, device=setting.device)
        make = partial(logits_of, seed, *shape, V)
        tracked = candidate.mlm_loss(make(), labels.clone()).requires_grad
        ask(
            tracked,
            f"a graph ({shape})",
            "The loss of a batch in which nothing was chosen has no graph: backward() would raise an error.",
            "一个都没选中时，loss 没有计算图：调用 backward() 会报错。",
        )
        agree(losses(candidate, labels), losses(reference, labels), make, f"loss (nothing chosen, {shape})")


def test_loss_shapes(candidate, reference, seed):
    """Any leading dimensions work, none too, and a vocabulary of any size
    前面有任意多维都可以，没有也行；词表大小任意"""
    for shape in ((6,), (1, 4), (4, 1), (2, 3, 4), (V, V), (1, 1, 5)):
        labels = some(seed, *shape)
        make = partial(logits_of, seed, *shape, V)
        agree(losses(candidate, labels), losses(reference, labels), make, f"loss (labels.shape = {shape})")
    single = torch.tensor(3, device=setting.device)
    agree(
        losses(candidate, single),
        losses(reference, single),
        partial(logits_of, seed, V),
        "loss (labels.shape = ())",
    )
    for size in (1, 2, 40):
        labels = some(seed, 3, 5, size=size)
        make = partial(logits_of, seed, 3, 5, size)
        agree(losses(candidate, labels), losses(reference, labels), make, f"loss (V = {size})")


def test_loss_large(candidate, reference, seed):
    """Logits of ±10⁴ give finite losses and gradients
    logits 为 ±10⁴ 时 loss 和梯度仍是有限的"""
    labels = some(seed, 3, 5)
    for shift in (9.9e3, -9.9e3):
        make = lambda shift=shift: (logits_of(seed).detach() + shift).requires_grad_()  # noqa: E731
        judge = partial(same, tolerance=(1e-6, 1e-7))
        agree(
            losses(candidate, labels),
            losses(reference, labels),
            make,
            f"loss (logits near {shift:g})",
            judge=judge,
        )
    wide = lambda: logits_of(seed, scale=4e3).detach().clamp(-1e4, 1e4).requires_grad_()  # noqa: E731
    agree(
        losses(candidate, labels), losses(reference, labels), wide, "loss (logits between ±10⁴)", judge=judge
    )


def test_loss_float32(candidate, seed):
    """float32 logits give a float32 loss
    float32 的 logits 得到 float32 的 loss"""
    for labels in (some(seed, 3, 5), torch.full((3, 5), -100, device=setting.device)):
        keeps_dtype(lambda labels=labels: losses(candidate, labels), partial(logits_of, seed))


def test_loss_calls(candidate, reference, seed):
    """Calls do not depend on each other; logits and labels are left as they are; any layout works
    各次调用互不影响；logits 和 labels 保持不变；内存布局任意"""
    make = lambda i: {"logits": logits_of(seed + i), "labels": some(seed + i, 3, 5)}  # noqa: E731
    calls_apart(lambda: candidate.mlm_loss, make, right=lambda: reference.mlm_loss)
    leaves_alone(lambda: candidate.mlm_loss, make)
    any_layout(lambda: losses(candidate, some(seed, 3, 5)), lambda shape: logits_of(seed, *shape), (3, 5, V))
    for name, base, view in layouts(4, 6):
        labels, logits = view(some(seed, *base)), logits_of(seed, 4, 6, V)
        same(
            candidate.mlm_loss(logits, labels),
            reference.mlm_loss(logits, labels.clone()),
            f"loss (labels: {name})",
        )
