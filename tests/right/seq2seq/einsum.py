import torch
from torch import nn


class Encoder(nn.Module):
    def __init__(self, vocab_size, embed_size, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = nn.GRU(embed_size, hidden_size, batch_first=True)

    def forward(self, source, lengths):
        states = self.rnn(self.embedding(source))[0]
        place = torch.arange(source.shape[1], device=source.device)
        states = torch.where((place < lengths[:, None])[..., None], states, 0.0)
        is_last = (place == lengths[:, None] - 1).to(states.dtype)
        return states, torch.einsum("bs,bsh->bh", is_last, states)


class AdditiveAttention(nn.Module):
    def __init__(self, query_size, key_size, hidden_size):
        super().__init__()
        for name, rows, columns in (
            ("query", hidden_size, query_size),
            ("key", hidden_size, key_size),
            ("score", 1, hidden_size),
        ):
            setattr(self, name, nn.Linear(columns, rows, bias=False))

    def forward(self, query, keys, lengths):
        asked = torch.einsum("bq,aq->ba", query, self.query.weight)
        offered = torch.einsum("bsk,ak->bsa", keys, self.key.weight)
        e = torch.einsum("bsa,a->bs", (asked[:, None] + offered).tanh(), self.score.weight[0])
        real = (torch.arange(keys.shape[1], device=keys.device) < lengths[:, None]).to(e.dtype)
        powers = (e - e.amax(1, keepdim=True).detach()).exp() * real  # masked afterwards, then normalised
        weights = powers / powers.sum(1, keepdim=True)
        return torch.einsum("bs,bsk->bk", weights, keys), weights


class Decoder(nn.Module):
    def __init__(self, vocab_size, embed_size, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.attention = AdditiveAttention(hidden_size, hidden_size, hidden_size)
        self.cell = nn.GRUCell(embed_size + hidden_size, hidden_size)
        self.out = nn.Linear(hidden_size, vocab_size)

    def forward(self, tokens, state, keys, lengths):
        context, weights = self.attention(state, keys, lengths)
        state = self.cell(torch.hstack([self.embedding.weight[tokens], context]), state)
        return torch.addmm(self.out.bias, state, self.out.weight.T), state, weights


class Seq2Seq(nn.Module):
    def __init__(self, source_vocab, target_vocab, embed_size, hidden_size, bos, eos):
        super().__init__()
        self.encoder = Encoder(source_vocab, embed_size, hidden_size)
        self.decoder = Decoder(target_vocab, embed_size, hidden_size)
        self.marks = bos, eos

    def forward(self, source, lengths, targets):
        keys, state = self.encoder(source, lengths)
        fed = targets.roll(1, 1)
        fed[:, 0] = self.marks[0]
        logits = keys.new_empty(*targets.shape, self.decoder.out.out_features)
        for t, tokens in enumerate(fed.unbind(1)):
            logits[:, t], state, _ = self.decoder(tokens, state, keys, lengths)
        return logits

    def greedy(self, source, lengths, max_tokens):
        bos, eos = self.marks
        with torch.inference_mode():
            keys, state = self.encoder(source, lengths)
            found = torch.full((len(source), max_tokens + 1), bos, device=source.device)
            for t in range(max_tokens):
                logits, state, _ = self.decoder(found[:, t], state, keys, lengths)
                found[:, t + 1] = logits.argmax(-1)
            ended = (found[:, 1:] == eos).cumsum(1) > 0
            return [row[~end].tolist() for row, end in zip(found[:, 1:], ended, strict=True)]


def masked_loss(logits, targets, lengths):
    real = torch.arange(targets.shape[1], device=targets.device) < lengths[:, None]
    shares = real.to(logits.dtype) / real.sum()
    right = torch.nn.functional.one_hot(targets, logits.shape[-1]).to(logits.dtype)
    return torch.einsum("bt,btv,btv->", -shares, right, logits.log_softmax(-1))
