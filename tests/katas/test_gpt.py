"""Grades katas/gpt.py."""

from functools import partial
from math import exp, log

import pytest
import torch

from dlkata.suite import (
    adopt,
    adopted,
    agree,
    calls_apart,
    copies_apart,
    data_file,
    descend,
    draw,
    drawn_apart,
    follows,
    gradients,
    holds,
    integers,
    keeps_dtype,
    learned,
    leaves_alone,
    modes_alike,
    near,
    normal,
    not_reseeded,
    place,
    reaches,
    rejects,
    same,
    setting,
    share_nothing,
    spread,
    starts_like,
    stir,
    travels,
    twins,
)

V, C, D, L, H = 11, 7, 8, 3, 2  # vocab_size, max_len, d_model, n_layers, n_heads
SIZES = (V, C, D, L, H)


def words(seed, *shape, high=V):
    return integers(seed, high, shape or (3, 5))[0]


def model(candidate, *sizes):
    """The attempt's model, all its weights drawn from their names."""
    return stir(place(candidate.GPT(*(sizes or SIZES))))


def both(candidate, reference, *sizes):
    return twins(candidate, reference, "GPT", *(sizes or SIZES))


def test_logits(candidate, reference, seed):
    """The logits are right
    logits 正确"""
    mine, theirs = both(candidate, reference)
    same(mine(words(seed)), theirs(words(seed)))


def test_gradients(candidate, reference, seed):
    """The gradient of every parameter is right; the token table gets one from both its ends
    每个参数的梯度正确；token 表在输入、输出两端都得到梯度"""
    agree(*both(candidate, reference), partial(words, seed))


def test_one_block(candidate, reference, seed):
    """One block, one head: logits and gradients are right
    只有一个 block、一个 head：logits 和梯度正确"""
    agree(*both(candidate, reference, V, C, 6, 1, 1), partial(words, seed), "output (L = H = 1)")


def test_sizes(candidate, reference, seed):
    """Any sizes work: one token, one sequence, all positions, heads of width 1
    任何尺寸都可以：一个 token、一条序列、用满全部位置、宽度为 1 的 head"""
    for sizes, shape in (
        ((5, 6, 12, 2, 3), (2, 6)),
        ((4, 3, 6, 1, 6), (1, 1)),
        ((2, 1, 4, 2, 2), (4, 1)),
        ((13, 9, 10, 2, 5), (1, 9)),
        ((6, 6, 6, 2, 2), (6, 6)),
    ):
        mine, theirs = both(candidate, reference, *sizes)
        make = partial(words, seed, *shape, high=sizes[0])
        agree(mine, theirs, make, f"output (V, max_len, D, L, H = {sizes}, tokens {shape})")


def test_no_look_ahead(candidate, seed):
    """No logits depend on later tokens, nor on other sequences; the last ones depend on all before
    logits 不受后面的 token 和其他序列影响；最后一个位置受前面所有 token 影响"""
    net, tokens = model(candidate), words(seed)
    before = net(tokens)
    for t in range(5):
        changed = tokens.clone()
        changed[1, t] = (changed[1, t] + 1) % V
        moved = (net(changed) - before).abs().amax(-1) > 1e-6
        wanted = torch.zeros_like(moved)
        wanted[1, t:] = True
        holds(
            torch.equal(moved, wanted),
            "A changed token must move the logits at its place and behind, in its sequence, and no others.",
            "改动一个 token，只应影响同一序列中它自己和它之后位置的 logits。",
            value=str(moved.int().tolist()),
            name=f"logits moved by token {t}",
        )


def test_too_long(candidate, seed):
    """More tokens than positions raise ValueError
    token 比位置多时抛出 ValueError"""
    for sizes in (SIZES, (5, 1, 4, 1, 2)):
        net = model(candidate, *sizes)
        for extra in (1, 2, 9):
            tokens = words(seed, 2, sizes[1] + extra, high=sizes[0])
            rejects(
                ValueError,
                partial(attempt, net, tokens),
                f"{tokens.shape[1]} tokens, max_len = {sizes[1]}: no ValueError is raised.",
                f"{tokens.shape[1]} 个 token，max_len = {sizes[1]}：没有抛出 ValueError。",
            )


def attempt(net, tokens):
    try:
        net(tokens)
    except (IndexError, RuntimeError, AssertionError):
        pass  # whatever it says, it is no ValueError


def fits(call, full, name, en, zh):
    """What is called; where the text is as long as may be, a ValueError is told in these words."""
    try:
        return call()
    except ValueError:
        if not full:
            raise
        holds(False, en, zh, value="ValueError", name=name)


def test_epsilon(candidate, reference, seed):
    """Tokens of tiny variance show that ε is 1e-5 in every norm
    方差极小的 token 能看出每个 norm 的 ε 都是 1e-5"""
    mine, theirs = both(candidate, reference)
    with torch.no_grad():
        for name, value in theirs.state_dict().items():
            if name.startswith(("token", "position")) or ".proj." in name or ".down." in name:
                value.mul_(5e-3)
    adopt(mine, theirs, as_it_is=True)
    same(200 * mine(words(seed)), 200 * theirs(words(seed)), "200 · output (x near 0)")


def test_parameters(candidate, reference):
    """A new model has the promised names and shapes; its biases are 0, its norms 1 and 0
    新建的模型名字和形状符合约定；bias 为 0，norm 为 1 和 0"""
    for sizes in (SIZES, (5, 6, 12, 1, 3)):
        mine, theirs = candidate.GPT(*sizes), reference.GPT(*sizes)
        starts_like(mine, theirs, lambda name: "norm" in name or name.endswith("bias"))


def test_initial_values(candidate):
    """Weights start as N(0, 0.02²), those that write into the residual stream 1/√(2L) smaller
    权重初始服从 N(0, 0.02²)，写入残差流的再乘 1/√(2L)"""
    layers = 3  # 2L, L², √2L differ
    start = candidate.GPT(130, 120, 112, layers, 4).state_dict()
    for name in ("token", "position", *(f"blocks.{i}.{w}" for i in range(layers) for w in ("qkv", "up"))):
        spread(start[f"{name}.weight"], 0.02, f"{name}.weight", uniform=False)
    for name in [f"blocks.{i}.{w}" for i in range(layers) for w in ("proj", "down")]:
        spread(start[f"{name}.weight"], 0.02 / (2 * layers) ** 0.5, f"{name}.weight", uniform=False)
    some = ["token", "position", *(f"blocks.{i}.{w}" for i in range(layers) for w in ("qkv", "proj"))]
    drawn_apart({name: start[f"{name}.weight"] for name in some})
    not_reseeded(lambda: candidate.GPT(5, 4, 4, 1, 2)(words(1, 2, 3, high=5)))


def test_loss(candidate, reference, seed):
    """The loss is the mean over all next tokens, of sequences up to max_len + 1 long
    loss 是对所有下一个 token 的平均，序列最长可达 max_len + 1"""
    for shape in ((3, 5), (2, C + 1), (1, 2), (4, 2)):
        found = []
        for net in both(candidate, reference):
            loss = fits(
                partial(net.loss, words(seed, *shape)), shape[1] == C + 1, "loss",
                "loss raises ValueError for max_len + 1 tokens. They fit: the model reads all but the last.",
                "max_len + 1 个 token 时，loss 抛出了 ValueError。应当放得下：模型不读最后一个。",
            )  # fmt: skip
            found.append([loss, *gradients(loss, list(learned(net, net).values()))])
        names = sorted(learned(net, net))
        same(*found, [f"loss (tokens {shape})", *(f"∂loss/∂{name} (tokens {shape})" for name in names)])


def test_layouts(candidate, seed):
    """Transposed, strided and expanded tokens work, in the loss too
    token 是转置、带步长的切片或 expand 的结果时也正确，loss 也一样"""
    net = model(candidate)
    views = {
        "transposed": words(seed, 5, 3).T,
        "strided": words(seed, 6, 10)[::2, ::2],
        "expanded": words(seed, 1, 5).expand(3, 5),
        "a row repeated": words(seed, 3, 1).expand(3, 5),
    }
    for name, tokens in views.items():
        found, right = ([net(x), net.loss(x)] for x in (tokens, tokens.contiguous()))
        same(found, right, [f"output ({name})", f"loss ({name})"])
        found, right = (net.generate(x, 3, temperature=0) for x in (tokens, tokens.contiguous()))
        same(found, right, f"generated ({name})")


def test_float32(candidate, seed):
    """A float32 model gives float32 logits, losses and gradients
    float32 的模型，logits、loss 和梯度都是 float32"""
    keeps_dtype(partial(model, candidate), partial(words, seed))
    same(model(candidate).float().loss(words(seed)).dtype, torch.float32, "dtype of the loss")


def test_calls_apart(candidate, seed):
    """A call neither depends on earlier calls nor changes their outputs
    每次调用都不依赖之前的调用，也不改动之前的输出"""
    calls_apart(partial(model, candidate), lambda i: words(seed + i))


def test_other_lengths_before(candidate, reference, seed):
    """Other lengths, batches and uses before change nothing
    之前用过别的长度、batch 大小和方法，结果也不变"""
    found = []
    for net in both(candidate, reference):
        net.generate(words(seed, 2, 3), 5)
        results = [net(words(seed, *shape)) for shape in ((2, 3), (1, 1), (5, 3), (3, C))]
        results += [net.loss(words(seed, 2, 4)), net(words(seed, 2, 3))]
        found.append(results)
    same(*found, [f"result {i}" for i in range(6)])


def test_modes(candidate, seed):
    """Train and eval mode compute the same
    train 和 eval 模式的结果相同"""
    modes_alike(partial(model, candidate), lambda i: words(seed + i))


def test_models_apart(candidate, seed):
    """Models share nothing, nor does a copy share with its original; state travels
    模型之间不共享任何东西，副本与原件也不共享；state_dict 可以互相加载"""
    share_nothing(
        partial(candidate.GPT, *SIZES), partial(words, seed), beside=lambda: candidate.GPT(5, 2, 12, 1, 4)
    )
    copies_apart(partial(model, candidate), lambda i: words(seed + i))
    travels(model(candidate), partial(candidate.GPT, *SIZES), lambda i: words(seed + i))


def test_side_effects(candidate, seed):
    """Tokens, parameters and modes are left alone by forward, loss and generate
    forward、loss 和 generate 都不改动 token、参数和模式"""
    small = (5, 6, 4, 2, 2)
    for call in (
        lambda net, tokens: net(tokens),
        lambda net, tokens: net.loss(tokens),
        lambda net, tokens: net.generate(tokens, 3),
    ):
        leaves_alone(partial(model, candidate, *small), lambda i: words(seed + i, 2, 4, high=5), call=call)
    net = model(candidate, *small)
    for i, part in enumerate(net.modules()):
        part.training = i % 2 == 0
    before = {name: part.training for name, part in net.named_modules()}
    net.generate(words(seed, 2, 2, high=5), 3)
    holds(
        torch.is_grad_enabled(),
        "After generate no gradients are recorded any more.",
        "generate 之后不再记录梯度了。",
        name="grad mode after generate",
    )
    moved = sorted(name for name, part in net.named_modules() if part.training != before[name])
    holds(
        not moved,
        "generate leaves modules in another mode than they were in.",
        "generate 之后，有的模块不在原来的模式。",
        value="changed" if moved else "kept",
        name="modes after generate",
    )


def talkative(candidate, reference):
    """Models that say different things: no bias and no token decides alone."""
    mine, theirs = both(candidate, reference)
    with torch.no_grad():
        for name, value in theirs.state_dict().items():
            value.mul_(
                0.1 if name.endswith("bias") else 2 if name in ("token.weight", "position.weight") else 1
            )
    return adopted(mine, theirs), theirs


def test_greedy(candidate, reference, seed):
    """At temperature 0 the largest logit decides; the last max_len tokens are read
    temperature 为 0 时取最大的 logit；只读最后 max_len 个 token"""
    nets = talkative(candidate, reference)
    for shape, count in (
        ((20, 3), 3),
        ((1, 1), 1),
        ((20, 2), C),
        ((20, C + 3), 2),
        ((20, C + 2), 0),
        ((1, 4), 0),
    ):
        found = [
            fits(
                partial(net.generate, words(seed, *shape), count, temperature=0),
                shape[1] + count > C + 1, "generate",
                "generate raises ValueError beyond max_len tokens. The model reads the last max_len of them.",
                "超过 max_len 个 token 时，generate 抛出了 ValueError。模型应只读最后 max_len 个。",
            )
            for net in nets
        ]  # fmt: skip
        same(*found, f"generated (prompt {shape}, {count} new)")


def test_greedy_by_a_little(candidate, seed):
    """At temperature 0 the largest logit decides, by however little
    temperature 为 0 时取最大的 logit，领先再少也一样"""
    kinds = 50
    net = place(candidate.GPT(kinds, 3, 4, 1, 2))
    step = 2.0**-40 if setting.dtype == torch.float64 else 2.0**-20
    with torch.no_grad():
        state = net.state_dict()
        for value in net.parameters():
            value.zero_()
        state["norm.bias"][0] = 1.0  # whatever is read, the logits are the first column of the table
        for best in range(3):
            logits = 1 + step * ((torch.arange(kinds, device=setting.device) + 17 * best) % kinds)
            state["token.weight"][:, 0] = logits
            found = net.generate(words(seed, 4, 2, high=kinds), 2, temperature=0)[:, 2:]
            chosen = bool((found == logits.argmax()).all())
            holds(
                chosen,
                f"At temperature 0 another token than that of the largest logit is taken, where it leads by {step:.0e}.",
                f"temperature 为 0 时，最大的 logit 领先 {step:.0e}，取的却是别的 token。",
                value=str(chosen),
                name=f"the largest logit ({best})",
            )


def test_sampling(candidate, seed):
    """New tokens are drawn from softmax(logits / τ), each given those before
    新 token 从 softmax(logits / τ) 采样，每个都以前面的为条件"""
    rows, kinds = 2500, 3
    net = model(candidate, kinds, 3, D, 2, H)
    prompt = words(seed, 1, 2, high=kinds)
    for temperature in (1.0, 0.5, 2.5):
        options = {} if temperature == 1 else {"temperature": temperature}  # 1 is the default
        drawn = net.generate(prompt.expand(rows, 2), 2, **options)
        whole = tuple(drawn.shape) == (rows, 4)
        holds(
            whole,
            f"generate returns {tuple(drawn.shape)} instead of {(rows, 4)}.",
            f"generate 返回的形状是 {tuple(drawn.shape)}，应为 {(rows, 4)}。",
            value=str(tuple(drawn.shape)),
            name="shape of what is generated",
        )
        pairs = torch.cartesian_prod(*[torch.arange(kinds, device=prompt.device)] * 2)  # (9, 2)
        seen = torch.cat([prompt.expand(len(pairs), 2), pairs], dim=1)
        with torch.no_grad():
            first = (net(seen[:, :2])[:, -1] / temperature).softmax(-1).gather(1, pairs[:, :1])
            second = (net(seen[:, :3])[:, -1] / temperature).softmax(-1).gather(1, pairs[:, 1:])
        for pair, chance in zip(pairs.tolist(), (first * second).flatten().tolist(), strict=True):
            share = (drawn[:, 2:] == torch.tensor(pair, device=drawn.device)).all(1).double().mean()
            # 27 bounds, 6.5 deviations and 2.5 draws away: a false alarm in less than one of 10⁶ attempts.
            within = 6.5 * (chance * (1 - chance) / rows) ** 0.5 + 2.5 / rows
            near(share, chance, within, f"share of {pair} (τ = {temperature:g})")


def test_any_token(candidate, seed):
    """Any token of a large vocabulary can be drawn
    词表再大，任何 token 都可能被采到"""
    kinds = 200
    net = place(candidate.GPT(kinds, 4, 4, 1, 2))
    with torch.no_grad():
        state = net.state_dict()
        for value in net.parameters():
            value.zero_()
        state["token.weight"].copy_(normal(seed, (kinds, 4), scale=0.1, grad=False)[0])
        state["norm.bias"].fill_(1.0)  # no two tokens have the same chance, and none a small one
    drawn = net.generate(words(seed, 1, 1, high=kinds).expand(800, 1), 4)[:, 1:]
    # 3,200 draws: a token is missing with a probability of at most 10⁻³, five of them in none of 10⁹ attempts.
    near(drawn.unique().numel(), kinds, 4.5, "different tokens among 3,200")


def test_generator(candidate, seed):
    """Draws come from the generator that is given, else from torch's global one
    采样用传入的 generator；不传时用 torch 的全局生成器"""
    net, prompt = model(candidate), words(seed, 60, 3)

    def given(start):
        return torch.Generator(setting.device).manual_seed(start)

    state = torch.get_rng_state()
    one = given(seed)
    runs = [net.generate(prompt, 5, generator=g) for g in (one, one, given(seed), given(seed + 1))]
    untouched = torch.equal(torch.get_rng_state(), state)
    for start in (seed, seed, seed + 1):
        torch.manual_seed(start)
        runs.append(net.generate(prompt, 5))
    alike = [torch.equal(runs[i], runs[j]) for i, j in ((0, 2), (0, 1), (0, 3), (4, 5), (4, 6))]
    holds(
        untouched and alike == [True, False, False, True, False],
        "What is drawn does not follow the generator that is given, or without one torch's global generator.",
        "采样没有按传入的 generator 进行，或者不传时没有用 torch 的全局生成器。",
        value=f"global one {'untouched' if untouched else 'touched'}, repeats: {alike}",
        name="draws",
    )
    runs = [net.generate(prompt, 5, *given_or_not, generator=given(seed)) for given_or_not in ((), (1.0,))]
    holds(
        torch.equal(*runs),
        "Without the argument, the temperature is not 1.",
        "不传 temperature 时，它不是 1。",
        value=str(torch.equal(*runs)),
        name="default temperature",
    )
    not_reseeded(lambda: net.generate(prompt, 2))


def page(length):
    """The beginning of a chapter of The Time Machine, as numbers; how many characters there are."""
    text = data_file(__file__, "time_machine.txt").read_text(encoding="utf-8")[:length]
    alphabet = sorted(set(text))
    return torch.tensor([alphabet.index(c) for c in text], device=setting.device), len(alphabet)


def reads(net, codes, seed, steps, *, length=16, batch=16, rate=5e-3, done=lambda losses: False):
    """The losses of a model that reads pieces of a text, begun anywhere."""
    starts = integers(seed, len(codes) - length, (steps, batch, 1))[0]
    offsets = torch.arange(length + 1, device=codes.device)
    seen = []

    def loss_of(step):
        loss = net.loss(codes[starts[step] + offsets])
        seen.append(loss.item())
        return loss

    return descend(net.parameters(), loss_of, steps, rate, done=lambda: done(seen))


@pytest.mark.training
def test_training_follows(candidate, reference, seed):
    """On The Time Machine the loss falls as it does with the reference
    在《时间机器》上训练，loss 曲线与参考实现一致"""
    codes, kinds = page(6000)
    theirs = place(reference.GPT(kinds, 16, 24, 2, 3))
    mine = adopt(place(candidate.GPT(kinds, 16, 24, 2, 3)), theirs)
    follows(*(reads(net, codes, seed, 12) for net in (mine, theirs)))


@pytest.mark.training
def test_training_reaches(candidate, seed):
    """It learns a page of The Time Machine: perplexity ≤ 6, where pairs of characters alone give 8.4
    学会《时间机器》的一页：困惑度 ≤ 6；只看前一个字符最多做到 8.4"""
    codes, kinds = page(1200)
    net = draw(place(candidate.GPT(kinds, 16, 64, 2, 4))).float()

    def done(losses):
        return len(losses) > 20 and sum(losses[-10:]) < 10 * log(5.0)

    losses = reads(net, codes, seed, 400, done=done)
    reaches(exp(-sum(losses[-10:]) / 10), 1 / 6, "1 / perplexity", losses=losses)
