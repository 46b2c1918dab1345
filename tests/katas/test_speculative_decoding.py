"""Grades katas/speculative_decoding.py.

What is drawn is counted, and its share held against the right one. The bounds are 3/√n for n draws, at least six
deviations of any share; chance passes one less than once in 4 · 10⁸ runs, and there are about sixty. So a right
attempt is turned away less than once in 10⁶ runs. As draws come from generators with seeds of their own, it is so by
its own stream and not by the day.
"""

from functools import partial

import torch

from dlkata.suite import (
    holds,
    integers,
    keeps_dtype,
    leaves_alone,
    near,
    normal,
    not_reseeded,
    same,
    samples_apart,
    setting,
    unchanged,
)

V, GAMMA = 5, 3
# Four tokens; p and q have 0.55, 0.6 and 0.75 in common. The last row of P belongs behind the drafted tokens.
P = ((0.2, 0.33, 0.17, 0.3), (0.55, 0.25, 0.15, 0.05), (0.4, 0.05, 0.3, 0.25), (0.05, 0.6, 0.1, 0.25))
Q = ((0.5, 0.02, 0.03, 0.45), (0.2, 0.45, 0.1, 0.25), (0.6, 0.1, 0.2, 0.1))
# Of a model and its draft: what the next token, minus the last and modulo 4, is. They have 0.6 in common.
TARGET, DRAFT = (0.4, 0.1, 0.2, 0.3), (0.1, 0.45, 0.25, 0.2)


def shares(seed, *shape, dtype=None):
    """Random probabilities."""
    return normal(seed, shape, scale=1.5, grad=False)[0].softmax(-1).to(dtype or setting.dtype)


def pairs(tokens):
    """Probabilities of 1/2 for these tokens and the next ones, and 0 for all others."""
    one = sure(*range(V))
    return (one[tokens] + one[(tokens + 1) % V]) / 2


def drawn_tokens(seed, *shape, size=V):
    return integers(seed + 3, size, shape)[0]


def table(rows):
    return torch.tensor(rows, dtype=setting.dtype, device=setting.device)


def tokens_of(*tokens):
    return torch.tensor(tokens, dtype=torch.int64, device=setting.device)


def sure(*tokens, size=V):
    """Rows that give these tokens for certain."""
    return torch.eye(size, dtype=setting.dtype, device=setting.device)[list(tokens)]


def made(seed):
    return torch.Generator(device=setting.device).manual_seed(seed)


def share(hits, right, name, en, zh):
    """The share of True among independent hits is `right`."""
    count = max(hits.numel(), 1)
    near(hits.double().sum().item() / count, right, 3 / count**0.5, name, en, zh)


# ---------------------------------------------------------------- the rule


def test_acceptance(candidate, reference, seed):
    """A drafted token is accepted with probability min(1, p/q)
    草稿 token 的接受概率是 min(1, p/q)"""
    for shape in ((4, 6), (6,), (1,), (2, 1, 3), (V,), (V, V), (2, 0)):
        made_ = lambda: (shares(seed, *shape, V), shares(seed + 1, *shape, V), drawn_tokens(seed, *shape))  # noqa: E731, B023
        found, right = (side.acceptance(*made_()) for side in (candidate, reference))
        same(found, right, f"a (drafted.shape = {shape})")


def test_acceptance_at_the_edges(candidate, reference, seed):
    """It is 0 where p is 0, 1 where p ≥ q, and p/q where p is tiny
    p 为 0 时是 0，p ≥ q 时是 1，p 极小时是 p/q"""
    p = lambda: table([[0.0, 0.5, 0.5], [0.3, 0.4, 0.3], [1e-12, 0.6, 0.4], [0.0, 0.0, 1.0], [0.2, 0.3, 0.5]])  # noqa: E731
    q = lambda: table([[0.5, 0.5, 0.0], [0.3, 0.6, 0.1], [1e-10, 1.0, 0.0], [0.1, 0.2, 0.7], [0.2, 0.3, 0.5]])  # noqa: E731
    for drafted in ((0, 0, 0, 0, 0), (1, 1, 1, 1, 1), (0, 2, 0, 2, 2)):
        found, right = (side.acceptance(p(), q(), tokens_of(*drafted)) for side in (candidate, reference))
        same(found, right, f"a (drafted = {drafted})", tolerance=(1e-8, 1e-12))
    one = torch.ones(3, 1, dtype=setting.dtype, device=setting.device)
    same(candidate.acceptance(one.clone(), one.clone(), tokens_of(0, 0, 0)), one[:, 0], "a (V = 1)")


def test_residual(candidate, reference, seed):
    """The residual is what p has more than q, scaled to a sum of 1
    残差分布是 p 比 q 多的部分，归一化到和为 1"""
    for shape in ((4, 6, V), (6, V), (V,), (1, 2), (2, 3, 4, V), (3, 0, V)):
        found, right = (
            side.residual(shares(seed, *shape), shares(seed + 1, *shape)) for side in (candidate, reference)
        )
        same(found, right, f"r (p.shape = {shape})")


def test_residual_at_the_edges(candidate, reference, seed):
    """It is p where p = q, and of sum 1 where they nearly agree or have nothing in common
    p = q 时它是 p；两者几乎相同或毫无重合时，和也是 1"""
    p = lambda: table([[0.2, 0.3, 0.5], [0.2, 0.3, 0.5], [0.0, 0.0, 1.0], [0.5, 0.0, 0.5], [1.0, 0.0, 0.0]])  # noqa: E731
    q = lambda: table([[0.2, 0.3, 0.5], [0.1, 0.6, 0.3], [0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])  # noqa: E731
    same(candidate.residual(p()[0], q()[0]), p()[0], "r (p = q)")
    found, right = (side.residual(p(), q()) for side in (candidate, reference))
    same(found, right, "r (p = q in some rows)")
    tiny = 2.0**-26 if setting.dtype == torch.float64 else 2.0**-20

    def close(sign):
        shift = table([[1.0, -1.0, 0.0, 0.0], [-3.0, 1.0, 2.0, 0.0], [0.0, 0.0, -2.0, 2.0]])
        return table([[0.25] * 4] * 3) + sign * tiny * shift

    found, right = (side.residual(close(1), close(-1)) for side in (candidate, reference))
    same(found, right, "r (p near q)")


def test_dtypes(candidate, seed):
    """float32 probabilities give float32 probabilities
    float32 的概率得到 float32 的概率"""
    drafted = drawn_tokens(seed, 4, 6)
    make = lambda: {"p": shares(seed, 4, 6, V), "q": shares(seed + 1, 4, 6, V)}  # noqa: E731
    keeps_dtype(lambda: lambda p, q: candidate.acceptance(p, q, drafted), make)
    keeps_dtype(lambda: candidate.residual, make)


def laid_out(x):
    """The same values as memory may hold them."""
    yield "last two dimensions swapped", x.mT.contiguous().mT
    yield "first and last swapped", x.transpose(0, -1).contiguous().transpose(0, -1)
    yield "every second entry", torch.stack([x, 1 - x], -1).flatten(-2)[..., ::2]
    yield "from the middle", torch.nn.functional.pad(x, (1, 1, 1, 1))[..., 1:-1, 1:-1]


def test_layouts(candidate, reference, seed):
    """Transposed, strided and expanded probabilities work
    概率是转置、带步长的切片或 expand 的结果时也正确"""
    p, q, drafted = shares(seed, 4, 3, V), shares(seed + 1, 4, 3, V), drawn_tokens(seed, 4, 3)
    rule = [reference.acceptance(p, q, drafted), reference.residual(p, q)]
    for (name, one), (_name, other) in zip(laid_out(p), laid_out(q), strict=True):
        found = [candidate.acceptance(one, other, drafted.mT.contiguous().mT), candidate.residual(one, other)]
        same(found, rule, [f"a ({name})", f"r ({name})"])
    row, other = shares(seed, 1, V), shares(seed + 1, 1, V)
    found, right = (side.residual(row.expand(3, V), other.expand(3, V)) for side in (candidate, reference))
    same(found, right, "r (expanded)")
    rows = sure(1, 4, 2, 0)
    for name, p in laid_out(rows):
        same(
            candidate.verify(p, sure(1, 4, 3), tokens_of(1, 4, 3)), tokens_of(1, 4, 2, -1), f"tokens ({name})"
        )
    tiled = [x.expand(2, *x.shape) for x in (rows, sure(1, 4, 3), tokens_of(1, 4, 3))]
    same(candidate.verify(*tiled), tokens_of(1, 4, 2, -1).expand(2, 4), "tokens (expanded)")


# ---------------------------------------------------------------- a round


def test_certain_rounds(candidate, reference, seed):
    """Where p is certain, tokens are kept up to the first that is not p's; p's own comes there, then −1
    p 是确定的时候，保留到第一个与 p 不同的 token 之前，那里换成 p 的 token，其后是 −1"""
    for size, gamma in ((V, 3), (2, 1), (3, 6), (4, 4), (1, 2)):
        wanted = drawn_tokens(seed, 9, gamma + 1, size=size)
        drafted = drawn_tokens(seed + 1, 9, gamma, size=size)
        for row in range(min(gamma, 8)):  # up to here they agree
            drafted[row, : row + 1] = wanted[row, : row + 1]
        drafted[8] = wanted[8, :-1]
        q = 0.5 * shares(seed, 9, gamma, size) + 0.5 * sure(*range(size), size=size)[drafted]
        p = sure(*range(size), size=size)[wanted]
        found, right = (
            side.verify(p.clone(), q.clone(), drafted.clone(), made(5)) for side in (candidate, reference)
        )
        same(found, right, f"tokens (γ = {gamma}, V = {size})")


def test_any_leading_dims(candidate, reference, seed):
    """Any number of leading dimensions works, none too
    前面有任意多维都可以，没有也行"""
    for shape in ((), (1,), (2, 1, 3), (GAMMA,), (V, V)):
        wanted = drawn_tokens(seed, *shape, GAMMA + 1)
        drafted = torch.where(drawn_tokens(seed + 7, *shape, GAMMA, size=3) > 0, wanted[..., :-1], 0)
        p, q = sure(*range(V))[wanted], sure(*range(V))[drafted]
        found, right = (side.verify(p.clone(), q.clone(), drafted.clone()) for side in (candidate, reference))
        same(found, right, f"tokens (leading dimensions {shape})")


def test_nothing_drafted(candidate, reference, seed):
    """With γ = 0 one token is drawn from the only row of p
    γ = 0 时从 p 仅有的一行抽一个 token"""
    for shape in ((), (4,)):
        p = sure(*range(V))[drawn_tokens(seed, *shape, 1)]
        found, right = (
            side.verify(p.clone(), p.new_empty(*shape, 0, V), drawn_tokens(seed, *shape, 0))
            for side in (candidate, reference)
        )
        same(found, right, f"tokens (γ = 0, leading dimensions {shape})")
    count = 2000
    p = table([P[0]]).repeat(count, 1, 1)
    found = candidate.verify(p, p[:, :0], tokens_of().expand(count, 0), made(11))
    same(found.shape, torch.Size([count, 1]), "shape (γ = 0)")
    for token in range(4):
        share(
            found == token, P[0][token], f"share of token {token} (γ = 0)",
            "With nothing drafted, the token is not drawn from p.", "没有草稿时，token 不是从 p 抽的。",
        )  # fmt: skip


def rounds(candidate, count, drafted=None, seed=21, gamma=GAMMA):
    """Many rounds with P and Q; the drafted tokens are drawn from Q, or given."""
    p, q = table(P[:gamma] + P[-1:]), table(Q[:gamma])
    if drafted is None:
        drafted = torch.multinomial(q, count, replacement=True, generator=made(seed + 1)).mT
    tiled = [x.expand(count, *x.shape).clone() for x in (p, q)]
    return drafted, candidate.verify(*tiled, drafted.clone(), made(seed))


def test_first_token(candidate):
    """Given what was drafted, the first token is that or another as often as the rule says
    给定草稿，第一个 token 是它还是别的，频率都符合规则"""
    count = 1200
    for x in range(4):
        _drafted, found = rounds(candidate, count, tokens_of(x).expand(count, 1), seed=30 + x, gamma=1)
        same(found.shape, torch.Size([count, 2]), "shape")
        accepted = min(1.0, P[0][x] / Q[0][x])
        for y in range(4):
            extra = max(0.0, P[0][y] - Q[0][y]) / 0.45
            right = (1 - accepted) * extra + (accepted if x == y else 0)
            share(
                found[:, 0] == y, round(right, 12), f"share of token {y} where {x} was drafted",
                f"Where {x} is drafted, {y} comes out too often or too seldom.",
                f"草稿是 {x} 时，{y} 出现得太多或太少。",
            )  # fmt: skip


def test_distribution(candidate):
    """At every position that a round reaches, the token is distributed as p says
    一轮到达的每个位置上，token 都服从 p"""
    _drafted, found = rounds(candidate, 3000)
    for i in range(GAMMA + 1):
        here = found[:, i][found[:, i] >= 0]
        for token in range(4):
            share(
                here == token, P[i][token], f"share of token {token} at position {i}",
                f"At position {i} the tokens are not distributed as p is.",
                f"位置 {i} 上的 token 不服从 p。",
            )  # fmt: skip


def test_length(candidate):
    """Rounds are as long as the rule makes them, and what is kept is what was drafted
    一轮的长度符合规则，保留的就是草稿"""
    # Accepted with 2/3, 5/9 and 2/3.
    drafted, found = rounds(candidate, 1500, tokens_of(3, 1, 0).expand(1500, 3), seed=40)
    length = (found >= 0).sum(-1)
    for n, right in enumerate((1 / 3, 8 / 27, 10 / 81, 20 / 81)):
        share(
            length == n + 1, right, f"share of rounds with {n} accepted",
            f"Rounds in which {n} drafted tokens are accepted come too often or too seldom.",
            f"接受 {n} 个草稿的轮次太多或太少。",
        )  # fmt: skip
    position = torch.arange(GAMMA + 1, device=setting.device)
    kept = bool(((found[:, :-1] == drafted) | (position[:-1] >= length[:, None] - 1)).all())
    tail = bool(((found == -1) == (position >= length[:, None])).all())
    holds(
        kept and tail,
        "Before the last token of a round stands something else than what was drafted, or behind it other than −1.",
        "一轮最后一个 token 之前不是草稿，或者之后不是 −1。",
        value=f"{kept} {tail}",
        name="drafted tokens, then −1",
    )


def test_close_models(candidate):
    """Where p = q everything is accepted, and the last token comes from p
    p = q 时全部接受，最后一个 token 从 p 抽"""
    count = 1000
    rows = table(P).expand(count, 4, 4)
    drafted = torch.multinomial(table(P)[:-1], count, replacement=True, generator=made(3)).mT
    found = candidate.verify(rows.clone(), rows[:, :-1].clone(), drafted.clone(), made(4))
    same(found[:, :-1], drafted, "tokens (p = q), but the last")
    for token in range(4):
        share(
            found[:, -1] == token, P[-1][token], f"share of token {token}, last (p = q)",
            "The last token is not drawn from the last row of p.", "最后一个 token 不是从 p 的最后一行抽的。",
        )  # fmt: skip


def test_independent(candidate):
    """Rows are drawn independently of each other, and so are calls
    各行相互独立，各次调用也相互独立"""
    count = 1200
    p, q = table((P[0], P[2])), table(Q[:1])
    drafted = torch.zeros(count, 1, dtype=torch.int64, device=setting.device)
    generator = made(50)
    calls = [
        candidate.verify(
            p.expand(2, count // 2, 2, 4).clone(),
            q.expand(2, count // 2, 1, 4).clone(),
            drafted.view(2, -1, 1).clone(),
            generator,
        )[..., 0]
        for _ in range(2)
    ]
    one = calls[0].flatten()
    for name, left, right in (
        ("neighbouring rows", one[0::2], one[1::2]),
        ("rows half a batch apart", *calls[0]),
        ("calls", *(call.flatten() for call in calls)),
    ):
        accepted = (left == 0) == (right == 0)  # 0 comes from acceptance alone: 2/5
        share(
            accepted, 0.52, f"share of equal decisions ({name})",
            "Whether one drafted token is accepted must not depend on another row or call.",
            "一个草稿是否被接受，不应与另一行、另一次调用有关。",
        )  # fmt: skip
        both = (left > 0) & (right > 0)
        share(
            left[both] == right[both], (0.31 / 0.45) ** 2 + (0.14 / 0.45) ** 2, f"share of equal tokens ({name})",
            "Which token replaces a rejected one must not depend on another row or call.",
            "被拒之后换成哪个 token，不应与另一行、另一次调用有关。",
        )  # fmt: skip


def test_rounds_apart(candidate):
    """Each row goes by its own p, q and drafted tokens
    每一行只看自己的 p、q 和草稿"""
    wanted, drafted = tokens_of(1, 2, 3, 4, 0, 2), tokens_of(1, 0, 3, 3, 0, 4)
    p = torch.stack([sure(*range(V))[wanted], sure(*range(V))[(wanted + 1) % V]], 1)
    samples_apart(
        lambda x: candidate.verify(
            sure(*range(V))[x.argmax(-1)], sure(*range(V))[drafted][:, None], drafted[:, None]
        ).double(),
        lambda: p,
    )


# ---------------------------------------------------------------- generation


class Model:
    """Next tokens that the whole text decides, for certain; remembers what it was given."""

    def __init__(self, log, name, miss=0, size=V):
        self.log, self.name, self.miss, self.size = log, name, miss, size

    def __call__(self, tokens):
        if len(self.log) > 150:
            holds(
                False,
                "The models are called without end: some round yields no token.",
                "模型被调用个没完：有的轮次没有产出 token。",
                value="no end",
                name="calls",
            )
        self.log.append((self.name, tokens.detach().clone()))
        following, total = [], 0
        for i, token in enumerate(tokens.flatten().tolist()):
            total += token + 1
            code = total * 3 + i**2 + token
            wrong = bool(self.miss) and code % self.miss == 0
            following.append((code // 2 + wrong) % self.size)
        return sure(*following, size=self.size)


def write(side, gamma, count, prompt=(1, 4, 2), miss=3, **options):
    """The new tokens, and what both models were given."""
    log = []
    target, draft = Model(log, "target"), Model(log, "draft", miss)
    return side.speculate(target, draft, tokens_of(*prompt), count, gamma, **options), log


def compare(candidate, reference, *args, label, **options):
    (found, log), (right, calls) = (write(side, *args, **options) for side in (candidate, reference))
    same(found, right, f"new tokens ({label})")
    spelt, wanted = (", ".join(f"{name} {len(text)}" for name, text in entries) for entries in (log, calls))
    holds(
        spelt == wanted,
        f"Calls, and how many tokens each got: {spelt}; right is {wanted} ({label}).",
        f"调用及各次给了多少个 token：{spelt}；应当是 {wanted}（{label}）。",
        value=spelt,
        name=f"calls ({label})",
    )
    same([text for _, text in log], [text for _, text in calls], f"texts given to the models ({label})")


def test_certain_models(candidate, reference):
    """What is written is what the target would write alone, whatever the draft is; both are called as stated
    无论草稿如何，写出的都与目标独自写的相同；两个模型的调用次数如题所述"""
    for miss in (0, 1, 2, 3, 5):  # never, always, sometimes wrong
        for gamma in (1, 2, 4) if miss == 3 else (1, 4):
            compare(candidate, reference, gamma, 9, miss=miss, label=f"γ = {gamma}, draft {miss}")


def test_counts(candidate, reference):
    """As many tokens come as are wanted, however γ and the prompt are
    无论 γ 和 prompt 如何，要多少个 token 就有多少个"""
    for count in (1, 2, 3, 4, 5, 8):
        for gamma, miss in ((3, 0), (3, 4), (10, 0), (1, 1)):
            compare(
                candidate, reference, gamma, count, miss=miss, label=f"N = {count}, γ = {gamma}, draft {miss}"
            )
    for prompt in ((3,), (0, 0), (2, 1, 0, 4, 4, 1, 3)):
        compare(candidate, reference, 3, 6, prompt, label=f"prompt {prompt}")


def test_eos(candidate, reference):
    """The first new eos is the last token, wherever in a round it comes; one in the prompt ends nothing
    第一个新写的 eos 是最后一个 token，无论它在一轮的什么位置；prompt 里的 eos 不结束任何东西"""
    for eos in (2, 1, 4, 3, 0, V):
        for gamma, miss in ((1, 0), (3, 0), (5, 3), (2, 1)):
            label = f"eos = {eos}, γ = {gamma}, draft {miss}"
            compare(candidate, reference, gamma, 9, (0, 0, 1, 1, 3, 4), miss=miss, eos=eos, label=label)


def cyclic(shares_of_steps):
    """A model whose next token goes on from the last by so many steps."""
    first = table(shares_of_steps)
    turned = torch.stack([first.roll(i) for i in range(4)])
    return lambda tokens: turned[tokens]


def test_generated_distribution(candidate):
    """Generated tokens are distributed as the target says, and as many drafts are accepted as should be
    生成的 token 服从目标的分布，被接受的草稿也恰如其分"""
    count, calls = 900, []
    target, draft = cyclic(TARGET), cyclic(DRAFT)

    def counted(tokens):
        calls.append(len(tokens))
        return target(tokens)

    prompt = tokens_of(2, 1)
    new = candidate.speculate(counted, draft, prompt, count, GAMMA, generator=made(61))
    same(new.shape, torch.Size([count]), "shape")
    steps = new.diff(prepend=prompt[-1:]) % 4
    for step in range(4):
        share(
            steps == step, TARGET[step], f"share of step {step}",
            "Generated tokens are not distributed as those of the target.", "生成的 token 不服从目标的分布。",
        )  # fmt: skip
    # Tokens a round: mean 2.176, variance 1.377.
    near(
        len(calls) / (count / 2.176), 1.0, 6 * (1.377 / 2.176 / count) ** 0.5 + 0.002, "rounds, relative",
        "Too many or too few rounds are needed: drafted tokens are not accepted as often as they should be.",
        "轮数太多或太少：草稿被接受的频率不对。",
    )  # fmt: skip


def test_drafted_tokens(candidate):
    """Drafted tokens are drawn from the draft's distribution
    草稿 token 从草稿模型的分布抽取"""
    texts = []
    draft, target = cyclic(DRAFT), cyclic(TARGET)

    def noting(tokens):
        texts.append(tokens.detach().clone())
        return target(tokens)

    candidate.speculate(noting, draft, tokens_of(3), 340, 2, generator=made(62))
    steps = torch.stack([text[-2:].diff()[0] % 4 if len(text) > 2 else text[0] for text in texts])
    # The second drafted token follows the first, both drafted; the last round may draft fewer.
    for step in range(4):
        share(
            steps[:150] == step, DRAFT[step], f"share of drafted step {step}",
            "Drafted tokens are not distributed as the draft says.", "草稿 token 不服从草稿模型的分布。",
        )  # fmt: skip


def ways():
    """Both functions that draw, as functions of a generator."""
    p, q = (table(rows).expand(40, *table(rows).shape) for rows in (P, Q))
    drafted = drawn_tokens(8, 40, GAMMA, size=4)
    return {
        "verify": lambda side, generator=None: side.verify(p.clone(), q.clone(), drafted, generator),
        "speculate": lambda side, generator=None: side.speculate(
            cyclic(TARGET), cyclic(DRAFT), tokens_of(1), 40, 3, generator=generator
        ),
    }


def test_generators(candidate):
    """A generator that is given decides alone and goes on; without one it is torch's global one
    传入的 generator 独自决定抽取结果并向前推进；不传时用 torch 的全局生成器"""
    for name, call in ways().items():
        before = torch.get_rng_state()
        generator = made(8)
        first, second = call(candidate, generator), call(candidate, generator)
        untouched = torch.equal(before, torch.get_rng_state())
        torch.rand(3)
        again, other = call(candidate, made(8)), call(candidate, made(9))
        torch.manual_seed(15)
        plain = call(candidate)
        torch.manual_seed(15)
        repeated, later = call(candidate), call(candidate)
        facts = {
            "the same seed gives the same tokens": torch.equal(first, again),
            "another seed gives others": not torch.equal(first, other),
            "a second call gives others": not torch.equal(first, second),
            "the global generator is left alone": untouched,
            "without a generator torch.manual_seed decides": torch.equal(plain, repeated),
            "and goes on": not torch.equal(repeated, later),
        }
        broken = "; ".join(fact for fact, true in facts.items() if not true)
        holds(
            not broken,
            f"{name}: it does not hold that {broken}.",
            f"{name} 的随机性不对，以下不成立：{broken}。",
            value=broken or "as it should be",
            name=f"generators ({name})",
        )
        not_reseeded(partial(call, candidate))


# ---------------------------------------------------------------- what is left alone


def test_inputs_unchanged(candidate, seed):
    """Probabilities, tokens and what the models return are left as they are
    不修改概率、token 和模型返回的张量"""
    make = lambda i: {  # noqa: E731
        "p": shares(seed + i, 4, GAMMA + 1, V),
        "q": shares(seed + i + 1, 4, GAMMA, V),
        "drafted": drawn_tokens(seed + i, 4, GAMMA),
    }
    leaves_alone(lambda: candidate.verify, make)
    few = lambda i: make(i) | {"p": shares(seed + i, 4, GAMMA, V)}  # noqa: E731
    leaves_alone(lambda: candidate.acceptance, few)
    leaves_alone(lambda: lambda p, q, drafted: candidate.residual(p, q), few)
    drafted = drawn_tokens(seed, 4, GAMMA)
    p, q = pairs(drawn_tokens(seed + 1, 4, GAMMA + 1)), pairs(drafted)
    with unchanged(**{"p (some are 0)": p, "q (some are 0)": q, "drafted": drafted}):
        candidate.verify(p, q, drafted)
    large, small, prompt = shares(seed, 14, V), pairs(drawn_tokens(seed, 14)), tokens_of(1, 2)
    with unchanged(target=large, draft=small, prompt=prompt):
        candidate.speculate(lambda text: large[: len(text)], lambda text: small[: len(text)], prompt, 7, 3)


def test_works_without_autograd(candidate, reference, seed):
    """It works under inference_mode, and where probabilities require gradients
    在 inference_mode 下能用，概率需要梯度时也能用"""
    p, q = sure(1, 4, 2, 0), sure(1, 4, 3)
    right = tokens_of(1, 4, 2, -1)
    same(
        candidate.verify(p.clone().requires_grad_(), q.clone().requires_grad_(), tokens_of(1, 4, 3)),
        right,
        "tokens (probabilities require gradients)",
    )
    rows = shares(seed, 4, V), shares(seed + 1, 4, V)
    grown = [x.clone().requires_grad_() for x in rows]
    same(candidate.residual(*grown).detach(), reference.residual(*rows), "r (gradients required)")
    target, draft = (Model([], "", miss) for miss in (0, 3))
    learned = [lambda text, model=model: model(text).requires_grad_() for model in (target, draft)]
    (wanted, _log) = write(reference, 3, 8)
    same(candidate.speculate(*learned, tokens_of(1, 4, 2), 8, 3), wanted, "new tokens (gradients required)")
    with torch.inference_mode():
        same(candidate.verify(p, q, tokens_of(1, 4, 3)).clone(), right, "tokens (inference_mode)")
        same(write(candidate, 3, 8)[0].clone(), wanted, "new tokens (inference_mode)")


def test_float32(candidate, reference, seed):
    """float32 probabilities work in rounds and in generation
    float32 的概率在一轮和生成中都可用"""
    p, q = (x.float() for x in (sure(1, 4, 2, 0), sure(1, 4, 3)))
    same(candidate.verify(p, q, tokens_of(1, 4, 3)), tokens_of(1, 4, 2, -1), "tokens (float32)")
    target, draft = (Model([], "", miss) for miss in (0, 3))
    narrow = [lambda text, model=model: model(text).float() for model in (target, draft)]
    same(
        candidate.speculate(*narrow, tokens_of(1, 4, 2), 8, 3),
        write(reference, 3, 8)[0],
        "new tokens (float32)",
    )
