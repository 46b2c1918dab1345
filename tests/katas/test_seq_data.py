"""Grades katas/seq_data.py."""

import math

import pytest
import torch
from torch import nn

from dlkata.suite import (
    draw,
    holds,
    integers,
    near,
    not_reseeded,
    pair,
    place,
    reaches,
    same,
    setting,
    unchanged,
)

V, H = 7, 5
# length of the text, B, n, offset
CUTS = (
    (13, 2, 3, 0),
    (31, 3, 4, 0),
    (31, 3, 4, 5),
    (32, 3, 4, 3),
    (33, 4, 3, 1),
    (25, 4, 3, 0),
    (24, 4, 3, 0),
    (20, 1, 5, 2),
    (21, 5, 1, 0),
    (9, 1, 1, 3),
    (40, 2, 3, 11),
    (50, 7, 2, 9),
)


def text(seed, length, high=90):
    return integers(seed, high, (length,))[0]


def read(batches):
    """All x and all y of what was returned."""
    both = [pair(batch, "A batch is a pair (x, y).", "一个 batch 是一对 (x, y)。") for batch in batches]
    return [x for x, _ in both], [y for _, y in both]


def shapes(tensors):
    return ", ".join(str(tuple(x.shape)) for x in tensors) or "no batch"


def cut_alike(mine, theirs, case):
    """The batches are those of the reference, one by one."""
    (xs, ys), (right_xs, right_ys) = read(mine), read(theirs)
    found, right = ([shapes(xs), shapes(ys)], [shapes(right_xs), shapes(right_ys)])
    same(found, right, [f"shapes of x, {case}", f"shapes of y, {case}"])
    for i, batch in enumerate(zip(xs, ys, right_xs, right_ys, strict=True)):
        same(list(batch[:2]), list(batch[2:]), [f"x of batch {i}, {case}", f"y of batch {i}, {case}"])


def rows(batches):
    """Every row with its labels, sorted: a row a line."""
    xs, ys = read(batches)
    lines = [line for x, y in zip(xs, ys, strict=True) for line in torch.cat([x, y], dim=1).tolist()]
    return torch.tensor(sorted(lines))


def named(cut):
    return "T = {}, B = {}, n = {}, offset = {}".format(*cut)


def test_sequential(candidate, reference, seed):
    """Sequential batches: each row goes on where it ended, labels are one further on
    顺序切法：每行接着上一个 batch 的结尾，标签向后错一位"""
    for cut in CUTS:
        found = [m.sequential_batches(text(seed, cut[0]), *cut[1:]) for m in (candidate, reference)]
        cut_alike(*found, named(cut))


def test_random_windows(candidate, reference, seed):
    """Random batches hold every window at most once, with its labels
    随机切法：每个窗口至多出现一次，标签正确"""
    for length, _, steps, offset in CUTS:
        given = 1, steps, offset
        found = [rows(m.random_batches(text(seed, length), *given)) for m in (candidate, reference)]
        same(*found, f"rows [x, y], sorted ({named((length, *given))})")


def test_random_shapes(candidate, reference, seed):
    """Random batches are full; windows that do not fill one are left out
    随机切法的 batch 都是满的；凑不满的窗口不用"""
    for cut in CUTS:
        found = []
        for module in (candidate, reference):
            xs, ys = read(module.random_batches(text(seed, cut[0]), *cut[1:]))
            found.append([shapes(xs), shapes(ys)])
        same(*found, [f"shapes of x, {named(cut)}", f"shapes of y, {named(cut)}"])


def test_rows_of_random_batches(candidate, seed):
    """Each row is one of the windows, and no two rows are the same
    每一行都是某个窗口，且没有两行相同"""
    for length, batch, steps, offset in CUTS:
        tokens = torch.arange(length, device=setting.device)
        xs, ys = read(candidate.random_batches(tokens, batch, steps, offset))
        starts = [x[:, 0] for x in xs]
        starts = torch.cat(starts).tolist() if starts else []
        straight = all(
            torch.equal(x, x[:, :1] + torch.arange(steps, device=x.device)) and torch.equal(y, x + 1)
            for x, y in zip(xs, ys, strict=True)
        )
        right = all((start - offset) % steps == 0 and offset <= start for start in starts)
        holds(
            right and straight and len(set(starts)) == len(starts),
            "A row is no window of the text, or the same window comes twice.",
            "有的行不是文本里的窗口，或者同一个窗口出现了两次。",
            value=f"{right}, {straight}, {len(set(starts)) == len(starts)}",
            name=f"rows are windows ({named((length, batch, steps, offset))})",
        )


def orders(candidate, windows, batch, times):
    """(times, windows used): which window stands where, in one call after the other."""
    tokens = torch.arange(2 * windows + 1, device=setting.device)
    drawn = []
    for _ in range(times):
        xs, _ = read(candidate.random_batches(tokens, batch, 2))
        drawn.append(torch.cat([x[:, 0] for x in xs]) // 2)
    return torch.stack(drawn).double().cpu()


def test_order(candidate):
    """All orders of the windows are equally likely, anew with each call
    窗口的所有次序等可能，每次调用重新抽取"""
    windows, times = 6, 300
    drawn = orders(candidate, windows, 2, times)
    middle, deviation = (windows - 1) / 2, math.sqrt((windows**2 - 1) / 12 / times)
    for place_, mean in enumerate(drawn.mean(0)):
        near(
            mean, middle, 5 * deviation, f"mean window at place {place_}",
            "Some windows come early more often than others",
            "有些窗口比别的更常排在前面",
        )  # fmt: skip
    follows = (drawn[:, 1:] - drawn[:, :-1] == 1).double().sum(1).mean()
    near(
        follows, 1 - 1 / windows, 5 * 0.92 / math.sqrt(times), "windows behind their predecessor",
        "Windows stand behind the one before them in the text too often, or never",
        "窗口紧跟在文本中前一个窗口之后的次数太多，或者从不",
    )  # fmt: skip


def test_left_out(candidate):
    """Which windows are left out is left to chance, too
    哪些窗口不用，也是随机的"""
    windows, times = 5, 300
    drawn = orders(candidate, windows, 3, times)
    for window in range(windows):
        share = (drawn == window).any(1).double().mean()
        near(
            share, 3 / windows, 5 * math.sqrt(0.24 / times), f"share of calls with window {window}",
            "Some windows are left out more often than others",
            "有些窗口比别的更常被丢掉",
        )  # fmt: skip


def test_generator(candidate, seed):
    """With a generator all chance comes from it, without one from torch
    传入 generator 时随机性全部来自它，不传时来自 torch"""
    tokens = torch.arange(61, device=setting.device)

    def drawn(generator=None):
        return torch.cat(read(candidate.random_batches(tokens, 2, 3, generator=generator))[0]).cpu()

    before = torch.get_rng_state()
    own = [drawn(torch.Generator().manual_seed(s)) for s in (seed, seed, seed + 1)]
    untouched = torch.equal(before, torch.get_rng_state())
    once = torch.Generator().manual_seed(seed)
    twice = [drawn(once), drawn(once)]
    torch.manual_seed(seed)
    shared = [drawn()]
    torch.manual_seed(seed)
    shared.append(drawn())
    properties = (
        (
            torch.equal(own[0], own[1]) and not torch.equal(own[0], own[2]),
            "The order does not follow from the generator that was given alone.",
            "次序不完全由传入的 generator 决定。",
            "order by generator",
        ),
        (
            untouched,
            "torch's global generator was used, though another one was given.",
            "明明传入了 generator，却动用了 torch 的全局生成器。",
            "global generator",
        ),
        (
            not torch.equal(*twice),
            "Two calls with one generator give the same order: it does not move on, or is reseeded.",
            "用同一个 generator 调用两次，次序相同：它没有前进，或被重新设了种子。",
            "two calls",
        ),
        (
            torch.equal(*shared),
            "Without a generator the order does not come from torch's global one.",
            "不传 generator 时，次序不是来自 torch 的全局生成器。",
            "order by torch",
        ),
    )
    seen = ", ".join(str(bool(right)) for right, *_ in properties)  # all of them tell mistakes apart
    for right, en, zh, name in properties:
        holds(right, en, zh, value=seen, name=name)
    not_reseeded(drawn)


def test_short_texts(candidate, reference, seed):
    """Without enough tokens there is no batch, also where the offset lies beyond the text
    token 不够时没有 batch；offset 超出文本时也一样"""
    for cut in (
        (1, 1, 1, 0),
        (2, 1, 1, 0),
        (3, 2, 2, 0),
        (4, 1, 4, 0),
        (5, 1, 4, 0),
        (5, 1, 4, 1),
        (9, 4, 2, 0),
    ):
        for name in ("sequential_batches", "random_batches"):
            found = [rows(getattr(m, name)(text(seed, cut[0]), *cut[1:])) for m in (candidate, reference)]
            same(*found, f"rows of {name}, {named(cut)}")
    for cut in ((6, 2, 2, 5), (6, 2, 2, 6), (6, 1, 1, 7), (6, 2, 1, 40)):
        for name in ("sequential_batches", "random_batches"):
            found = [rows(getattr(m, name)(text(seed, cut[0]), *cut[1:])) for m in (candidate, reference)]
            same(*found, f"rows of {name}, {named(cut)}")


def test_labels_once(candidate):
    """No token is a label twice
    没有哪个 token 作两次标签"""
    tokens = torch.arange(83, device=setting.device)
    for name in ("sequential_batches", "random_batches"):
        labels = torch.cat([y.flatten() for y in read(getattr(candidate, name)(tokens, 4, 3, 2))[1]])
        twice = len(labels) - len(labels.unique())
        holds(
            twice == 0,
            f"{name}: {twice} labels occur more than once.",
            f"{name}：有 {twice} 个标签不止出现一次。",
            value=twice,
            name=f"labels that come again ({name})",
        )


def test_dtypes(candidate, reference, seed):
    """Batches have the dtype of the tokens, whatever lies behind them in memory
    batch 的 dtype 与 tokens 相同，tokens 在内存中怎么放都行"""
    for dtype in (torch.int32, torch.int16, torch.uint8):
        found = [m.sequential_batches(text(seed, 30).to(dtype), 2, 4, 1) for m in (candidate, reference)]
        cut_alike(*found, str(dtype))
        drawn = [read(m.random_batches(text(seed, 30).to(dtype), 2, 4, 1)) for m in (candidate, reference)]
        kinds = [", ".join(str(t.dtype) for part in both for t in part) for both in drawn]
        same(*kinds, f"dtypes of random batches, {dtype}")
    for view, name in ((text(seed, 60)[::2], "tokens[::2]"), (text(seed, 1).expand(30), "expanded")):
        found = [m.sequential_batches(view, 3, 2, 1) for m in (candidate, reference)]
        cut_alike(*found, name)
        same(*(rows(m.random_batches(view, 1, 4, 2)) for m in (candidate, reference)), f"rows, {name}")


def test_named_arguments(candidate, reference, seed):
    """Arguments go by name; offset and generator have defaults
    参数可按名字传入；offset 和 generator 有默认值"""
    given = {"num_steps": 3, "batch_size": 2}
    found = [m.sequential_batches(tokens=text(seed, 30), **given) for m in (candidate, reference)]
    cut_alike(*found, "by name")
    given = {"num_steps": 3, "batch_size": 1, "generator": torch.Generator().manual_seed(seed)}
    same(*(rows(m.random_batches(tokens=text(seed, 31), **given)) for m in (candidate, reference)), "rows")
    found = [rows(m.random_batches(text(seed, 31), 1, 3)) for m in (candidate, reference)]
    same(*found, "rows, no offset")


def test_own_tensors(candidate, seed):
    """Editing a batch changes neither the tokens nor another batch
    修改一个 batch 不影响 tokens，也不影响别的 batch"""
    for name in ("sequential_batches", "random_batches"):
        tokens = text(seed, 41)
        with unchanged(tokens=tokens):
            xs, ys = read(getattr(candidate, name)(tokens, 2, 4))
            right = [part.clone() + 100 for part in (*xs, *ys)]
            for part in (*xs, *ys):
                part.add_(100)  # twice in memory that two of them share
        apart = all(torch.equal(part, wanted) for part, wanted in zip((*xs, *ys), right, strict=True))
        holds(
            apart,
            "Editing one of the tensors changes another: they share memory.",
            "改动其中一个张量，另一个也变了：它们共用内存。",
            value=str(apart),
            name=f"apart ({name})",
        )


def test_calls_apart(candidate, reference, seed):
    """Other texts, sizes and half-read batches before change nothing
    之前切过别的文本、别的大小，或只读了一半，都不影响结果"""
    first = iter(candidate.sequential_batches(text(seed, 31), 2, 3))
    next(first)
    for i, cut in enumerate(((31, 2, 3, 0), (31, 2, 3, 1), (31, 3, 2, 0), (45, 2, 3, 0))):
        for other in (seed, seed + 1):
            found = [m.sequential_batches(text(other, cut[0]), *cut[1:]) for m in (candidate, reference)]
            cut_alike(*found, f"call {i}")
            drawn = [rows(m.random_batches(text(other, cut[0]), 1, *cut[2:])) for m in (candidate, reference)]
            same(*drawn, f"rows, call {i}")


class Reader(nn.Module):
    """A small recurrent model that notes what it is given. Its state is a tensor, or a tuple of two."""

    def __init__(self, kind="tensor", vocabulary=V, hidden=H):
        super().__init__()
        self.kind = kind
        self.embed = nn.Parameter(torch.empty(vocabulary, hidden))
        self.recur = nn.Parameter(torch.empty(hidden, hidden))
        self.out = nn.Parameter(torch.empty(hidden, vocabulary))
        self.given, self.modes = [], []

    def forward(self, x, state=None):
        self.given.append(state)
        self.modes.append(self.training)
        zeros = self.embed.new_zeros(len(x), self.embed.shape[1])
        h, c = (zeros, zeros) if state is None else (state, zeros) if self.kind == "tensor" else state
        steps = []
        for column in x.long().unbind(1):
            h = torch.tanh(self.embed[column] + h @ self.recur + 0.5 * c)
            c = 0.6 * c + 0.4 * h if self.kind != "tensor" else c
            steps.append((h + c) @ self.out)
        return torch.stack(steps, dim=1), (h if self.kind == "tensor" else (h, c))


def reader(kind="tensor", **sizes):
    return draw(place(Reader(kind, **sizes)))


def some_batches(seed, sizes=((3, 4),) * 5):
    """Pairs (x, y) as `train_epoch` gets them; nobody's cut."""
    return [tuple(integers(seed + i, V, size, size)) for i, size in enumerate(sizes)]


def plain(loss):
    holds(
        type(loss) is float,
        f"A float was promised, not {type(loss).__name__}.",
        f"题目要求返回 float，而不是 {type(loss).__name__}。",
        value=type(loss).__name__,
        name="returned",
    )
    return torch.tensor(loss, dtype=torch.float64)


def epochs(module, model, batches, carry, count=1, **options):
    """The losses of some epochs, then the parameters."""
    optimizer = torch.optim.SGD(model.parameters(), **({"lr": 0.4} | options))
    losses = [plain(module.train_epoch(model, optimizer, batches(), carry)) for _ in range(count)]
    return [torch.stack(losses), *(value for _, value in sorted(model.named_parameters()))]


TRAINED = ["losses", "embed", "out", "recur"]


def test_epoch(candidate, reference, seed):
    """An epoch without carried state: the mean loss and the trained parameters are right
    不传状态的 epoch：平均 loss 和训练后的参数正确"""
    for kind in ("tensor", "tuple"):
        found = [epochs(m, reader(kind), lambda: some_batches(seed), False) for m in (candidate, reference)]
        same(*found, [f"{name} ({kind})" for name in TRAINED])


def test_one_batch(candidate, reference, seed):
    """One batch is one step on the mean loss of all its labels
    一个 batch 走一步，loss 是它所有标签的平均"""
    for size in ((3, 4), (1, 1), (1, 5), (4, 1), (4, 4)):
        found = [
            epochs(m, reader(), lambda s=size: some_batches(seed, (s,)), False)
            for m in (candidate, reference)
        ]
        same(*found, [f"{name} (x: {size})" for name in TRAINED])


def test_carry(candidate, reference, seed):
    """With carry=True each batch starts from the state in which the last one ended
    carry=True 时，每个 batch 从上一个结束时的状态出发"""
    for kind in ("tensor", "tuple"):
        found = [epochs(m, reader(kind), lambda: some_batches(seed), True) for m in (candidate, reference)]
        same(*found, [f"{name} ({kind})" for name in TRAINED])


def test_epochs(candidate, reference, seed):
    """Each epoch starts without a state, whatever came before
    每个 epoch 都从没有状态开始，与之前无关"""
    for carry in (True, False):
        found = [
            epochs(m, reader("tuple"), lambda: some_batches(seed), carry, 3) for m in (candidate, reference)
        ]
        same(*found, [f"{name} (carry={carry})" for name in TRAINED])
    found = []
    for module in (candidate, reference):
        model = reader()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.4)
        losses = [
            plain(module.train_epoch(model, optimizer, some_batches(seed + i), carry))
            for i, carry in enumerate((True, False, False, True))
        ]
        found.append(torch.stack(losses))
    same(*found, "losses, carry in turns")


def test_states_given(candidate, seed):
    """The model gets None first; then the state of before, of the same kind, without a graph
    模型先得到 None；之后得到上一次的状态，种类相同，且不带计算图"""
    for kind in ("tensor", "tuple"):
        model = reader(kind)
        epochs(candidate, model, lambda: some_batches(seed), True)
        kinds = [type(state).__name__ for state in model.given]
        parts = [
            part for state in model.given[1:] for part in (state if isinstance(state, tuple) else [state])
        ]
        cut = all(isinstance(part, torch.Tensor) and not part.requires_grad for part in parts)
        holds(
            kinds == ["NoneType", *["Tensor" if kind == "tensor" else "tuple"] * 4],
            "The model is not given None first and then states of the kind it returned.",
            "模型得到的不是：先 None，之后与它返回的同一种状态。",
            value=", ".join(kinds),
            name=f"states ({kind})",
        )
        holds(
            cut,
            "A carried state still hangs on the graph of the batch before.",
            "传下去的状态仍连着上一个 batch 的计算图。",
            value=str(cut),
            name=f"states are cut ({kind})",
        )


class Sums(nn.Module):
    """Its state is two running sums of parameters: a graph that never tears, so an uncut state crashes nothing."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Parameter(torch.empty(V, H))
        self.first = nn.Parameter(torch.empty(H))
        self.out = nn.Parameter(torch.empty(H, V))
        self.second = nn.Parameter(torch.empty(H))

    def forward(self, x, state=None):
        zeros = self.embed.new_zeros(len(x), H)
        one, other = (zeros, zeros) if state is None else state
        one, other = one + self.first, other + self.second
        return torch.tanh(self.embed[x] + one[:, None] - 0.5 * other[:, None]) @ self.out, (one, other)


def test_cut(candidate, reference, seed):
    """No gradient flows into the batch before, also where that would crash nothing
    梯度不流入上一个 batch，即使那样并不会报错"""
    found = [epochs(m, draw(place(Sums())), lambda: some_batches(seed), True) for m in (candidate, reference)]
    same(*found, ["losses", "embed", "first", "out", "second"])


def test_no_state_without_carry(candidate, seed):
    """Without carry the model gets None each time, whatever it returns
    carry=False 时模型每次都得到 None，无论它返回什么"""

    class Odd(Reader):
        def forward(self, x, state=None):
            logits, _ = super().forward(x, None)
            self.given[-1] = state
            return logits, [("no", "state"), None][len(self.given) % 2]

    model = draw(place(Odd()))
    epochs(candidate, model, lambda: some_batches(seed), False)
    states = sum(state is not None for state in model.given)
    holds(
        states == 0,
        "The model is given a state, although nothing is to be carried.",
        "不应传状态时，模型却得到了状态。",
        value=states,
        name="states given",
    )


def test_uneven_batches(candidate, reference, seed):
    """The mean is over labels, not over batches
    平均是对所有标签，而不是对各个 batch"""
    sizes = (3, 4), (1, 2), (5, 1), (2, 7)
    found = [epochs(m, reader(), lambda: some_batches(seed, sizes), False, 2) for m in (candidate, reference)]
    same(*found, TRAINED)


def test_any_iterable(candidate, reference, seed):
    """Batches may come from a generator, and as views
    batch 可以来自生成器，也可以是视图"""

    def views():
        for x, y in some_batches(seed, ((4, 3),) * 4):
            yield x.T, y.T

    for carry in (True, False):
        found = [epochs(m, reader(), views, carry) for m in (candidate, reference)]
        same(*found, [f"{name} (carry={carry})" for name in TRAINED])


def test_plain_function(candidate, reference, seed):
    """The model may be a plain function
    模型可以只是一个普通函数"""
    found = []
    for module in (candidate, reference):
        model = reader()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.4)

        def call(x, state, model=model):
            return model(x, state)

        losses = [
            plain(module.train_epoch(call, optimizer, some_batches(seed), carry)) for carry in (True, False)
        ]
        found.append([torch.stack(losses), *(value for _, value in sorted(model.named_parameters()))])
    same(*found, TRAINED)


def test_old_gradients(candidate, reference, seed):
    """Gradients from before the call do not count
    调用之前留下的梯度不算数"""
    found = []
    for module in (candidate, reference):
        model = reader()
        for parameter in model.parameters():
            parameter.grad = torch.full_like(parameter, 3.0)
        found.append(epochs(module, model, lambda: some_batches(seed), True, momentum=0.5))
    same(*found, TRAINED)


def test_modes_stay(candidate, seed):
    """The mode of the model is left as it is
    不改变模型的模式"""
    for training in (True, False):
        model = reader().train(training)
        epochs(candidate, model, lambda: some_batches(seed), True)
        right = model.training is training and set(model.modes) == {training}
        holds(
            right,
            "The mode of the model was changed.",
            "模型的模式被改了。",
            value=str(right),
            name=f"training={training}",
        )


def test_batches_stay(candidate, seed):
    """Batches are left as they are
    batch 保持不变"""
    batches = some_batches(seed)
    kept = {
        f"{name} {i}": part for i, batch in enumerate(batches) for name, part in zip("xy", batch, strict=True)
    }
    with unchanged(**kept):
        for carry in (True, False):
            epochs(candidate, reader("tuple"), lambda: batches, carry)


def test_together(candidate, reference, seed):
    """Cuts and epoch work together
    切法和 epoch 配合起来正确"""
    found = []
    for module in (candidate, reference):
        tokens = text(seed, 61, V)
        cuts = lambda module=module, tokens=tokens: module.sequential_batches(tokens, 3, 4, 2)  # noqa: E731
        found.append(epochs(module, reader("tuple"), cuts, True, 2))
    same(*found, TRAINED)


def echoes(seed, count):
    """Groups of three tokens: a random one of four, a filler, the same one again."""
    (drawn,) = integers(seed, 4, (count,))
    return torch.stack([drawn, torch.full_like(drawn, 4), drawn], dim=1).flatten()


@pytest.mark.training
def test_learns(candidate, seed):
    """With a carried state a model learns what lies across the cuts: loss within 12 % of the best possible
    传递状态时，模型能学会跨越切口的规律：loss 与理论最优相差不到 12%"""
    tokens, model = echoes(seed, 16 * 40), reader("tensor", vocabulary=5, hidden=24)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    best = math.log(4) / 3  # a third of all tokens is chance; without a state half of the echoes are, too
    losses = []
    while len(losses) < 40 and (not losses or losses[-1] > best / 0.92):
        cut = candidate.sequential_batches(tokens, 16, 2, len(losses) % 2)
        losses.append(candidate.train_epoch(model, optimizer, cut, True))
    reaches(best / losses[-1], 0.88, "best / loss", losses=losses)
