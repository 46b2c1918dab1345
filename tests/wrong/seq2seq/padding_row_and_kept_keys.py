# mistake: The embeddings have padding_idx=0, so token 0 starts as zeros and learns nothing, and the projected keys are kept from the first call on.
# line: 34
import torch
import torch.nn.functional as F
from torch import Tensor, nn


def positions(lengths, n):
    return torch.arange(n, device=lengths.device)[None] < lengths[:, None]


class Encoder(nn.Module):
    def __init__(self, vocab_size: int, embed_size: int, hidden_size: int):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size, padding_idx=0)
        self.rnn = nn.GRU(embed_size, hidden_size, batch_first=True)

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        outputs, _ = self.rnn(self.embedding(source))
        outputs = outputs.masked_fill(~positions(lengths, source.shape[1])[..., None], 0.0)
        return outputs, outputs[range(len(outputs)), lengths - 1]


class AdditiveAttention(nn.Module):
    def __init__(self, query_size: int, key_size: int, hidden_size: int):
        super().__init__()
        self.query = nn.Linear(query_size, hidden_size, bias=False)
        self.key = nn.Linear(key_size, hidden_size, bias=False)
        self.score = nn.Linear(hidden_size, 1, bias=False)
        self.projected = None

    def forward(self, query: Tensor, keys: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        if self.projected is None or self.projected.shape[:2] != keys.shape[:2]:
            self.projected = self.key(keys)
        scores = self.score(torch.tanh(self.query(query)[:, None] + self.projected))[..., 0]
        weights = scores.masked_fill(~positions(lengths, keys.shape[1]), -torch.inf).softmax(-1)
        return (weights[:, None] @ keys)[:, 0], weights


class Decoder(nn.Module):
    def __init__(self, vocab_size: int, embed_size: int, hidden_size: int):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size, padding_idx=0)
        self.attention = AdditiveAttention(hidden_size, hidden_size, hidden_size)
        self.cell = nn.GRUCell(embed_size + hidden_size, hidden_size)
        self.out = nn.Linear(hidden_size, vocab_size)

    def forward(
        self, tokens: Tensor, state: Tensor, keys: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        context, weights = self.attention(state, keys, lengths)
        state = self.cell(torch.cat([self.embedding(tokens), context], -1), state)
        return self.out(state), state, weights


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
        inputs = F.pad(targets[:, :-1], (1, 0), value=self.bos)
        steps = []
        for tokens in inputs.unbind(1):
            logits, state, _ = self.decoder(tokens, state, keys, lengths)
            steps.append(logits)
        return torch.stack(steps, 1)

    def greedy(self, source: Tensor, lengths: Tensor, max_tokens: int) -> list[list[int]]:
        with torch.no_grad():
            keys, state = self.encoder(source, lengths)
            picks = [torch.full((len(source),), self.bos, device=source.device)]
            for _ in range(max_tokens):
                logits, state, _ = self.decoder(picks[-1], state, keys, lengths)
                picks.append(logits.argmax(-1))
        rows = torch.stack(picks[1:], 1).tolist()
        return [row[: row.index(self.eos)] if self.eos in row else row for row in rows]


def masked_loss(logits: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
    keep = positions(lengths, targets.shape[1])
    return F.cross_entropy(logits[keep], targets[keep])
