import torch
from torch import Tensor, nn


class Encoder(nn.Module):
    def __init__(self, vocab_size: int, embed_size: int, hidden_size: int):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = nn.GRU(embed_size, hidden_size, batch_first=True)

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        width = source.shape[1]
        outputs, states = [], []
        for row, n in zip(source, lengths.tolist(), strict=False):
            out, last = self.rnn(self.embedding(row[:n]).unsqueeze(0))
            zeros = out.new_zeros(width - n, out.shape[-1])
            outputs.append(torch.cat([out[0], zeros]))
            states.append(last[0, 0])
        return torch.stack(outputs), torch.stack(states)


class AdditiveAttention(nn.Module):
    def __init__(self, query_size: int, key_size: int, hidden_size: int):
        super().__init__()
        self.query = nn.Linear(query_size, hidden_size, bias=False)
        self.key = nn.Linear(key_size, hidden_size, bias=False)
        self.score = nn.Linear(hidden_size, 1, bias=False)

    def forward(self, query: Tensor, keys: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        contexts, all_weights = [], []
        for b, n in enumerate(lengths.tolist()):
            own = keys[b, :n]
            e = self.score(torch.tanh(self.query(query[b]) + self.key(own))).squeeze(-1)
            e = torch.exp(e - e.max())
            alpha = e / e.sum()
            contexts.append(alpha @ own)
            all_weights.append(torch.cat([alpha, alpha.new_zeros(keys.shape[1] - n)]))
        return torch.stack(contexts), torch.stack(all_weights)


class Decoder(nn.Module):
    def __init__(self, vocab_size: int, embed_size: int, hidden_size: int):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.attention = AdditiveAttention(hidden_size, hidden_size, hidden_size)
        self.cell = nn.GRUCell(embed_size + hidden_size, hidden_size)
        self.out = nn.Linear(hidden_size, vocab_size)

    def forward(
        self, tokens: Tensor, state: Tensor, keys: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        context, weights = self.attention(state, keys, lengths)
        x = torch.cat([self.embedding(tokens), context], dim=1)
        new_state = self.cell(x, state)
        return self.out(new_state), new_state, weights


class Seq2Seq(nn.Module):
    def __init__(
        self, source_vocab: int, target_vocab: int, embed_size: int, hidden_size: int, bos: int, eos: int
    ):
        super().__init__()
        self.encoder = Encoder(source_vocab, embed_size, hidden_size)
        self.decoder = Decoder(target_vocab, embed_size, hidden_size)
        self.bos = bos
        self.eos = eos

    def forward(self, source: Tensor, lengths: Tensor, targets: Tensor) -> Tensor:
        keys, state = self.encoder(source, lengths)
        out = []
        for t in range(targets.shape[1]):
            previous = torch.full_like(lengths, self.bos) if t == 0 else targets[:, t - 1]
            logits, state, _ = self.decoder(previous, state, keys, lengths)
            out.append(logits)
        return torch.stack(out, dim=1)

    def greedy(self, source: Tensor, lengths: Tensor, max_tokens: int) -> list[list[int]]:
        result = []
        with torch.no_grad():
            for b in range(source.shape[0]):
                own = lengths[b : b + 1]
                keys, state = self.encoder(source[b : b + 1], own)
                token = torch.full_like(own, self.bos)
                words = []
                while len(words) < max_tokens:
                    logits, state, _ = self.decoder(token, state, keys, own)
                    token = logits.argmax(dim=1)
                    if token.item() == self.eos:
                        break
                    words.append(token.item())
                result.append(words)
        return result


def masked_loss(logits: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
    total = 0.0
    count = 0
    for b, n in enumerate(lengths.tolist()):
        log_probs = torch.log_softmax(logits[b, :n], dim=-1)
        for t in range(n):
            total = total - log_probs[t, targets[b, t]]
            count += 1
    return total / count
