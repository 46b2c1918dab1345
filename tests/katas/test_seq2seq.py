"""Grades katas/seq2seq.py."""

from contextlib import nullcontext
from functools import partial

import pytest
import torch
from torch import nn

from dlkata.suite import (
    adopt,
    agree,
    any_layout,
    calls_apart,
    copies_apart,
    descend,
    draw,
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
    same,
    setting,
    share_nothing,
    starts_uniform,
    stir,
    travels,
    twins,
)

B, S, T = 4, 5, 3
SOURCES, TARGETS, E, H = 7, 9, 2, 6
QUERY, KEY, HIDDEN = 3, 5, 4
BOS, EOS = 4, 2
SIZES = (SOURCES, TARGETS, E, H)
ENCODED, ATTENDED, STEP = ["outputs", "state"], ["context", "weights"], ["logits", "state", "weights"]


def counts(seed, rows, width):
    """Lengths in no order: the longest never first; shorter than the width wherever that can be."""
    longest = max(width - 1, 1)
    return torch.tensor([1 + (seed + 2 + 3 * i) % longest for i in range(rows)], device=setting.device)


def sentences(seed, rows=B, width=S, kinds=SOURCES):
    """Rows of tokens; behind a row's length stand tokens like any other."""
    return {"source": integers(seed, kinds, (rows, width))[0], "lengths": counts(seed, rows, width)}


def both_sides(seed, rows=B, width=S, steps=T, kinds=(SOURCES, TARGETS)):
    (targets,) = integers(seed + 50, kinds[1], (rows, steps))
    return sentences(seed, rows, width, kinds[0]) | {"targets": targets}


def asked(seed, rows=B, width=S, sizes=(QUERY, KEY)):
    query, keys = normal(seed, (rows, sizes[0]), (rows, width, sizes[1]))
    return {"query": query, "keys": keys, "lengths": counts(seed, rows, width)}


def one_step(seed, rows=B, width=S, kinds=TARGETS, hidden=H):
    state, keys = normal(seed, (rows, hidden), (rows, width, hidden))
    (tokens,) = integers(seed, kinds, (rows,))
    return {"tokens": tokens, "state": state, "keys": keys, "lengths": counts(seed, rows, width)}


def scored(seed, rows=B, steps=T, kinds=TARGETS, scale=2.0, **options):
    (logits,) = normal(seed, (rows, steps, kinds), scale=scale, **options)
    (targets,) = integers(seed, kinds, (rows, steps))
    return {"logits": logits, "targets": targets, "lengths": counts(seed, rows, steps)}


def models(candidate, reference, sizes=SIZES, bos=BOS, eos=EOS):
    return twins(candidate, reference, "Seq2Seq", *sizes, bos, eos)


def model_of(candidate):
    return stir(place(candidate.Seq2Seq(*SIZES, bos=BOS, eos=EOS)))


class Reading(nn.Module):
    """A model that is asked for its source alone: lengths and targets stay what they are."""

    def __init__(self, model, seed):
        super().__init__()
        self.model, self.seed = model, seed

    def forward(self, source):
        given = both_sides(self.seed)
        return self.model(source, given["lengths"], given["targets"])


def test_encoder(candidate, reference, seed):
    """The encoder: states of real tokens, zeros behind them, the state after the last real one
    编码器：真实 token 的状态、其后的 0、最后一个真实 token 之后的状态"""
    both = twins(candidate, reference, "Encoder", SOURCES, E, H)
    same(*(list(encoder(**sentences(seed))) for encoder in both), ENCODED)


def test_encoder_gradients(candidate, reference, seed):
    """The encoder: gradients of its parameters, from each result
    编码器：从每个结果传到各参数的梯度"""
    both = twins(candidate, reference, "Encoder", SOURCES, E, H)
    agree(*both, partial(sentences, seed), ENCODED)
    for part, name in enumerate(ENCODED):
        found = []
        for encoder in both:
            leaves = learned(encoder, both[1])
            found.append(gradients(encoder(**sentences(seed))[part], list(leaves.values())))
        same(*found, [f"∂L/∂{leaf} (L from {name})" for leaf in leaves])


def test_attention(candidate, reference, seed):
    """Attention: context, weights and gradients are right
    注意力：context、权重和梯度正确"""
    both = twins(candidate, reference, "AdditiveAttention", QUERY, KEY, HIDDEN)
    same(*(list(attention(**asked(seed))) for attention in both), ATTENDED)
    agree(*both, partial(asked, seed), ATTENDED)


def test_padding_is_not_seen(candidate, reference, seed):
    """Keys behind the length have weight 0, whatever they hold; the other weights sum to 1
    长度之后的 key 无论是什么，权重都是 0；其余权重之和为 1"""
    mine, theirs = twins(candidate, reference, "AdditiveAttention", QUERY, KEY, HIDDEN)

    def loud():
        given = asked(seed)
        behind = torch.arange(S, device=setting.device) >= given["lengths"][:, None]
        keys = given["keys"].detach()
        given["keys"] = torch.where(behind[..., None], 1e6 * keys, keys).requires_grad_()
        return given

    agree(mine, theirs, loud, ATTENDED)
    given = loud()
    weights = mine(*given.values())[1]
    hidden = torch.arange(S, device=setting.device) >= given["lengths"][:, None]
    left = float(weights.detach()[hidden].abs().max())
    holds(
        left == 0.0,
        "Padding has a weight that is small, but not exactly 0.",
        "padding 的权重很小，但不恰好是 0。",
        value="0" if left == 0.0 else "more than 0",
        name="weights of padding",
    )


def test_decoder(candidate, reference, seed):
    """One step of the decoder: logits, state and weights are right
    解码器的一步：logits、状态和权重正确"""
    both = twins(candidate, reference, "Decoder", TARGETS, E, H)
    same(*(list(decoder(**one_step(seed))) for decoder in both), STEP)


def test_decoder_gradients(candidate, reference, seed):
    """One step of the decoder: gradients of the state, the keys and the parameters
    解码器的一步：状态、keys 和各参数的梯度"""
    agree(*twins(candidate, reference, "Decoder", TARGETS, E, H), partial(one_step, seed), STEP)


def test_forward(candidate, reference, seed):
    """The whole model under teacher forcing: logits of every step are right
    整个模型（teacher forcing）：每一步的 logits 正确"""
    pair = models(candidate, reference)
    same(*(model(**both_sides(seed)) for model in pair), "logits")
    found = []
    for model in pair:
        given = both_sides(seed)
        given["targets"][:, 0] = EOS
        found.append(model(**given))
    same(*found, "logits (eos first)")


def test_forward_gradients(candidate, reference, seed):
    """The whole model: every parameter gets its gradient
    整个模型：每个参数都得到正确的梯度"""
    mine, theirs = models(candidate, reference)
    agree(mine, theirs, partial(both_sides, seed), "logits")
    agree(mine, theirs, partial(both_sides, seed + 1, 3, 4, 9), "logits (9 steps)")


def test_loss(candidate, reference, seed):
    """The loss is the mean over all real tokens together; padding has no gradient
    loss 是所有真实 token 一起的平均；padding 没有梯度"""
    pair = candidate.masked_loss, reference.masked_loss
    same(*(loss(**scored(seed)) for loss in pair), "loss")
    agree(*pair, partial(scored, seed), "loss")
    agree(*pair, partial(scored, seed + 1, 3, 7, 4), "loss")


def test_loss_of_large_logits(candidate, reference, seed):
    """Logits as large as ±1000: loss and gradient stay finite and right
    logits 大到 ±1000 时，loss 和梯度仍然有限且正确"""

    def loud(dtype):
        given = scored(seed, dtype=dtype)
        large = given["logits"].detach()
        return given | {"logits": (1000 * large / large.abs().max()).requires_grad_()}

    for dtype in (setting.dtype, torch.float32):
        pair = candidate.masked_loss, reference.masked_loss
        agree(*pair, partial(loud, dtype), f"loss ({dtype})")


def test_sizes(candidate, reference, seed):
    """Any sizes work: one row, one token, one step, one hidden unit
    任何尺寸都可以：一行、一个 token、一步、一个隐藏单元"""
    cases = (
        (1, 1, 1, 3, 4, 2, 5), (1, 5, 3, 4, 6, 3, 2), (3, 1, 4, 5, 3, 2, 4), (5, 4, 1, 3, 5, 4, 3),
        (2, 3, 4, 6, 5, 1, 1), (3, 3, 3, 3, 3, 3, 3), (1, 1, 1, 1, 1, 1, 1),
    )  # fmt: skip
    for case in cases:
        rows, width, steps, *sizes = case
        note = f"B, S, T, sizes = {case}"
        pair = models(candidate, reference, sizes, 0, 0)
        agree(*pair, partial(both_sides, seed, rows, width, steps, sizes[:2]), f"logits ({note})")
        given = sentences(seed, rows, width, sizes[0])
        same_text([model.greedy(**given, max_tokens=2) for model in pair], f"greedy ({note}), row")
        parts = [model.encoder for model in pair]
        encoded = [f"{name} ({note})" for name in ENCODED]
        same(*(list(part(**sentences(seed, rows, width, sizes[0]))) for part in parts), encoded)
        parts = [model.decoder for model in pair]
        agree(
            *parts, partial(one_step, seed, rows, width, sizes[1], sizes[3]), [f"{n} ({note})" for n in STEP]
        )
        pair = twins(candidate, reference, "AdditiveAttention", *sizes[1:])
        agree(*pair, partial(asked, seed, rows, width, sizes[1:3]), [f"{n} ({note})" for n in ATTENDED])
        pair = candidate.masked_loss, reference.masked_loss
        agree(*pair, partial(scored, seed, rows, steps, sizes[1]), f"loss ({note})")


def test_lengths(candidate, reference, seed):
    """All rows of full length, all of length 1, the longest last: each is right
    所有行都是满长、都是 1、最长的在最后：都正确"""
    for lengths in ([S] * B, [1] * B, [1, 2, 3, S], [S, 3, 2, 1], [2, S, 1, 2]):
        found = []
        for module, model in zip((candidate, reference), models(candidate, reference), strict=True):
            given = both_sides(seed) | {"lengths": torch.tensor(lengths, device=setting.device)}
            outputs, state = model.encoder(given["source"], given["lengths"])
            loss = module.masked_loss(
                **scored(seed, B, S) | {"lengths": torch.tensor(lengths, device=setting.device)}
            )
            found.append([outputs, state, model(**given), loss])
        same(*found, [f"{name}, lengths {lengths}" for name in ("outputs", "state", "logits", "loss")])


def test_rows_apart(candidate, seed):
    """More padding and other rows in the batch change no row
    再多的 padding、batch 里别的行，都不改变某一行的结果"""
    model, given = model_of(candidate), both_sides(seed)
    whole = model(**given)
    (extra,) = integers(seed + 9, SOURCES, (B, 4))
    for i in range(B):
        one = {name: value[i : i + 1] for name, value in given.items()}
        same(model(**one), whole[i : i + 1], f"logits (row {i} alone)")
    wider = given | {"source": torch.cat([given["source"], extra], dim=1)}
    same(model(**wider), whole, "logits (wider)")


def talkers(candidate, reference, bos=BOS, eos=EOS, wide=24):
    """Both models with states that jump about, so that every row says something else and ends elsewhere."""
    pair = models(candidate, reference, (SOURCES, TARGETS, E, wide), bos, eos)
    for model in pair:
        state = model.decoder.state_dict()
        with torch.no_grad():
            state["cell.weight_hh"].mul_(4)
            state["cell.bias_ih"][:wide] += 6  # the reset gate is open, the update gate keeps nothing
            state["cell.bias_ih"][wide : 2 * wide] -= 6
            state["out.bias"].zero_()
    return pair


def written(rows):
    plain = isinstance(rows, list) and all(
        isinstance(row, list) and all(type(token) is int for token in row) for row in rows
    )
    holds(
        plain,
        "greedy must return a list of lists of ints.",
        "greedy 应返回由 int 列表组成的列表。",
        value="lists of ints" if plain else "something else",
        name="returned",
    )
    return [" ".join(map(str, row)) for row in rows]


def same_text(found, name):
    """Rows are judged one by one where there are as many."""
    mine, theirs = (written(rows) for rows in found)
    same(str(len(mine)), str(len(theirs)), f"{name}: number of rows")
    same(mine, theirs, name)


def test_greedy(candidate, reference, seed):
    """Greedy decoding: each row ends before its first eos or after max_tokens
    贪心解码：每一行在第一个 eos 之前结束，或到 max_tokens 为止"""
    for eos in (0, 1, 3, 5, 8):
        pair = talkers(candidate, reference, eos=eos)
        found = [model.greedy(**sentences(seed, 10), max_tokens=8) for model in pair]
        same_text(found, f"greedy, eos = {eos}, row")
    for limit in (1, 2, 12):
        found = [model.greedy(**sentences(seed + limit, 6), max_tokens=limit) for model in pair]
        same_text(found, f"greedy, max_tokens = {limit}, row")


def test_greedy_ends(candidate, reference, seed):
    """Rows that end at once are empty, rows without eos are full, bos is a token like others
    立刻结束的行为空，没有 eos 的行写满，bos 与其他 token 一样"""
    for token, name in ((EOS, "eos"), (BOS, "bos"), (0, "token 0"), (TARGETS - 1, "the last token")):
        pair = models(candidate, reference)
        for model in pair:
            with torch.no_grad():
                model.decoder.state_dict()["out.bias"][token] += 100.0
        found = [model.greedy(*sentences(seed).values(), 4) for model in pair]
        same_text(found, f"greedy ({name} always wins), row")
    for bos, eos in ((0, 1), (1, 0), (8, 7)):
        pair = talkers(candidate, reference, bos, eos)
        same_text([model.greedy(*sentences(seed, 9).values(), 6) for model in pair], f"eos = {eos}, row")
        same(*(model(**both_sides(seed)) for model in pair), f"logits (bos = {bos})")


def test_greedy_rows_apart(candidate, reference, seed):
    """Greedy decoding of a row does not depend on others, on padding or on its size
    一行的贪心解码与其他行、padding、宽度无关"""
    pair = talkers(candidate, reference)
    given = sentences(seed + 3, 6)
    wider = {"source": torch.cat([given["source"]] * 2, dim=1), "lengths": given["lengths"]}
    alone = [{k: v[i : i + 1] for k, v in given.items()} for i in range(6)]
    found = [
        [
            *model.greedy(**wider, max_tokens=7),
            *(row for one in alone for row in model.greedy(**one, max_tokens=7)),
        ]
        for model in pair
    ]
    same_text(found, "greedy, row")


def test_greedy_anywhere(candidate, reference, seed):
    """Greedy decoding is the same in every mode and leaves the modes and the settings as they were
    贪心解码在各种模式下结果相同，也不改变模式和全局设置"""
    pair = talkers(candidate, reference)
    for training in (True, False):
        for context in (nullcontext, torch.no_grad, torch.inference_mode):
            label = f"{'train' if training else 'eval'}, {context.__name__.removeprefix('null')}"
            found = []
            for model in pair:
                with context():
                    found.append(model.train(training).greedy(*sentences(seed + 1, 5).values(), 5))
                modes = {module.training for module in model.modules()}
                recording = torch.is_grad_enabled()
                torch.set_grad_enabled(True)
                if model is pair[0]:
                    holds(
                        modes == {training} and recording,
                        "After greedy, the model's mode or torch's gradient mode is not what it was before.",
                        "greedy 之后，模型的模式或 torch 的梯度开关与之前不同。",
                        value=f"training: {sorted(modes)}, gradients: {recording}",
                        name=f"modes ({label})",
                    )
            same_text(found, f"greedy ({label}), row")
    agree(*pair, partial(both_sides, seed), "logits (after greedy)")


def test_greedy_follows_the_weights(candidate, reference, seed):
    """Greedy decoding goes by the parameters as they are now, and by the source it is given
    贪心解码按当前的参数和传入的源序列计算"""
    pair = talkers(candidate, reference)
    for turn in range(4):
        found = [model.eval().greedy(*sentences(seed + turn, 5).values(), 6) for model in pair]
        same_text(found, f"greedy, turn {turn}, row")
        for model in pair:
            with torch.no_grad():
                for value in model.state_dict().values():
                    value.mul_(-1.3)
    model = model_of(candidate)
    leaves_alone(
        lambda: model, lambda i: sentences(seed + i), call=lambda m, *given: m.greedy(*given, 3) and None
    )


def test_fresh(candidate, reference):
    """A new model: names and shapes, every parameter as torch begins it
    新建的模型：名字、形状，每个参数的初始值与 torch 的相同"""
    sizes = 11, 13, 6, 10
    called = "source_vocab", "target_vocab", "embed_size", "hidden_size"
    build = partial(candidate.Seq2Seq, **dict(zip(called, sizes, strict=True)), bos=1, eos=2)
    right = reference.Seq2Seq(*sizes, bos=1, eos=2)
    bound = sizes[3] ** -0.5
    names = sorted(name for name in right.state_dict() if "embedding" not in name)
    starts_uniform(build, right, {name: bound for name in names})
    tables = [build().state_dict() for _ in range(20)]
    for name in ("encoder.embedding.weight", "decoder.embedding.weight"):
        values = torch.stack([table[name] for table in tables]).double()
        count = values.numel()
        words = f"A new {name} is not standard normal.", f"新建的 {name} 不服从标准正态分布。"
        near(values.mean(), 0.0, 5 / count**0.5, f"mean, {name}", *words)
        near(values.std(), 1.0, 4 / count**0.5, f"std, {name}", *words)
    attention = partial(candidate.AdditiveAttention, query_size=4, key_size=9, hidden_size=16)
    bounds = {"query.weight": 1 / 2, "key.weight": 1 / 3, "score.weight": 1 / 4}
    starts_uniform(attention, reference.AdditiveAttention(4, 9, 16), bounds)


def test_calls_apart(candidate, reference, seed):
    """Calls are independent of each other, in both modes, of the model and of each part
    各次调用互不影响，两种模式、整个模型和每个部分都如此"""
    calls_apart(partial(model_of, candidate), lambda i: both_sides(seed + i))
    calls_apart(lambda: stir(place(candidate.Encoder(SOURCES, E, H))), lambda i: sentences(seed + i))
    calls_apart(
        lambda: stir(place(candidate.AdditiveAttention(QUERY, KEY, HIDDEN))), lambda i: asked(seed + i)
    )
    calls_apart(lambda: stir(place(candidate.Decoder(TARGETS, E, H))), lambda i: one_step(seed + i))
    losses = {"right": lambda: reference.masked_loss}
    calls_apart(lambda: candidate.masked_loss, lambda i: scored(seed + i), **losses)


def test_same_keys_other_lengths(candidate, reference, seed):
    """The same source with other lengths, the same keys with another query: nothing is left from before
    同一个源序列换一组长度、同样的 keys 换一个 query：不受之前的影响"""
    found = []
    for model in models(candidate, reference):
        given, step = both_sides(seed), one_step(seed)
        results = []
        for lengths in ([3, 5, 1, 2], [1, 5, 4, 2], [5, 1, 2, 3]):
            counted = torch.tensor(lengths, device=setting.device)
            step["lengths"].copy_(counted)
            step["state"] = step["state"].detach() * -0.8
            results += [model(**given | {"lengths": counted}), *model.decoder(*step.values())]
        step["keys"] = step["keys"].detach().clone()
        results += model.decoder(*step.values())
        step["keys"].mul_(-1)
        found.append([*results, *model.decoder(*step.values())])
    labels = [f"{name}, call {i + 1}" for i in range(3) for name in ("logits of all", *STEP)]
    same(*found, [*labels, *STEP, *(f"{name} (keys edited)" for name in STEP)])


def test_modes(candidate, seed):
    """Train and eval mode do the same
    train 和 eval 模式结果相同"""
    modes_alike(partial(model_of, candidate), lambda i: both_sides(seed + i))


def test_models_apart(candidate, seed):
    """Two models share nothing; a deep copy stands on its own; loaded parameters are all it goes by
    两个模型不共享任何东西；deepcopy 独立存在；加载参数后只按参数计算"""

    def build():
        return Reading(candidate.Seq2Seq(*SIZES, bos=BOS, eos=EOS), seed)

    share_nothing(build, lambda: sentences(seed)["source"])
    copies_apart(lambda: Reading(model_of(candidate), seed), lambda i: sentences(seed + i)["source"])
    travels(Reading(model_of(candidate), seed), build, lambda i: sentences(seed + i)["source"])


def test_float32(candidate, seed):
    """float32 stays float32
    float32 的参数得到 float32 的结果"""
    keeps_dtype(partial(model_of, candidate), partial(both_sides, seed))
    keeps_dtype(lambda: stir(place(candidate.Encoder(SOURCES, E, H))), partial(sentences, seed))
    keeps_dtype(lambda: stir(place(candidate.AdditiveAttention(QUERY, KEY, HIDDEN))), partial(asked, seed))
    keeps_dtype(lambda: candidate.masked_loss, partial(scored, seed))


def test_layouts(candidate, seed):
    """Transposed, strided and expanded inputs work
    转置、带步长的切片或 expand 得到的输入也正确"""
    model, given, step = model_of(candidate), both_sides(seed), one_step(seed)
    lengths, targets = given["lengths"], given["targets"]
    fill = lambda shape: normal(seed, shape)[0]  # noqa: E731
    tokens = lambda shape: integers(seed, SOURCES, shape)[0]  # noqa: E731
    any_layout(lambda: lambda x: model(x, lengths, targets), tokens, (B, S))
    any_layout(lambda: lambda x: model(given["source"], lengths, x), tokens, (B, T))
    any_layout(lambda: lambda x: model(given["source"], 1 + x % S, targets), tokens, (B,))
    any_layout(lambda: lambda x: model.decoder(step["tokens"], step["state"], x, lengths), fill, (B, S, H))
    any_layout(lambda: lambda x: model.decoder(step["tokens"], x, step["keys"], lengths), fill, (B, H))
    any_layout(lambda: lambda x: candidate.masked_loss(x, targets, counts(seed, B, T)), fill, (B, T, TARGETS))
    logits = scored(seed)["logits"].detach()
    any_layout(lambda: lambda x: candidate.masked_loss(logits, x, counts(seed, B, T)), tokens, (B, T))


def test_side_effects(candidate, seed):
    """Inputs and parameters are left alone, also by later calls; nothing is reseeded
    输入和参数保持不变，之后的调用也不会改动；不重新设种子"""
    leaves_alone(partial(model_of, candidate), lambda i: both_sides(seed + i))
    leaves_alone(
        lambda: stir(place(candidate.AdditiveAttention(QUERY, KEY, HIDDEN))), lambda i: asked(seed + i)
    )
    leaves_alone(lambda: stir(place(candidate.Decoder(TARGETS, E, H))), lambda i: one_step(seed + i))
    leaves_alone(lambda: candidate.masked_loss, lambda i: scored(seed + i))
    model = model_of(candidate)
    not_reseeded(
        lambda: (torch.rand(1), model(**both_sides(seed)), model.greedy(**sentences(seed), max_tokens=2))
    )


LETTERS, LONGEST = 4, 4  # tokens 3 … 6 are letters; 0 pads, 1 begins, 2 ends
STEPS = 130


def strings(seed, rows):
    """Strings of letters and the same reversed, with eos behind: source, lengths, targets, target lengths."""
    letters, lengths = integers(seed, LETTERS, (rows, LONGEST), (rows,))
    letters, lengths = letters + 3, 1 + lengths % LONGEST
    places = torch.arange(LONGEST + 1, device=letters.device)
    source = letters.masked_fill(places[:-1] >= lengths[:, None], 0)
    backward = (lengths[:, None] - 1 - places).clamp(min=0)
    targets = source.gather(1, backward).masked_fill(places > lengths[:, None], 0)
    return source, lengths, targets.masked_fill(places == lengths[:, None], 2), lengths + 1


def learns(module, model, seed, steps, rows=32, rate=0.02, **options):
    def loss_of(step):
        source, lengths, targets, target_lengths = strings(1000 * seed + step, rows)
        return module.masked_loss(model(source, lengths, targets), targets, target_lengths)

    return descend(model.parameters(), loss_of, steps, rate, **options)


@pytest.mark.training
def test_first_steps(candidate, reference, seed):
    """Learning to reverse strings goes as with the reference
    学习反转字符串的过程与参考实现一致"""
    curves = []
    for module in (candidate, reference):
        model = place(module.Seq2Seq(7, 7, 6, 10, 1, 2))
        adopt(model, place(reference.Seq2Seq(7, 7, 6, 10, 1, 2)))
        curves.append(learns(module, model, seed, 12, rows=9, rate=0.3, by=torch.optim.SGD))
    follows(*curves, 1e-6 if setting.dtype == torch.float64 else 1e-3)


@pytest.mark.training
def test_reverses(candidate, seed):
    """It learns to reverse strings: greedy decoding gets at least 0.9 of new ones right
    能学会反转字符串：贪心解码新字符串，至少 0.9 完全正确"""
    model = draw(place(candidate.Seq2Seq(7, 7, 12, 24, 1, 2)))
    losses = learns(candidate, model, seed, STEPS)
    source, lengths, targets, _ = strings(1000 * seed + 999, 100)
    right = [row[:n] for row, n in zip(targets.tolist(), lengths.tolist(), strict=True)]
    texts = model.eval().greedy(source, lengths, LONGEST + 2)
    reaches(sum(map(list.__eq__, texts, right)) / 100, 0.9, "share of strings reversed", losses=losses)
