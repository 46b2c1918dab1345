# mistake: The packed sequence is padded back to the longest length only, so outputs is narrower than the source when all rows have padding.
# bug: outputs_cut_short
# line: 23
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


def length_mask(lengths, width):
    return torch.arange(width, device=lengths.device)[None, :] < lengths[:, None]


class Encoder(nn.Module):
    def __init__(self, vocab_size: int, embed_size: int, hidden_size: int):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = nn.GRU(embed_size, hidden_size, batch_first=True)

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        embedded = self.embedding(source)
        packed = pack_padded_sequence(embedded, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, state = self.rnn(packed)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True)
        return outputs, state[0]


class AdditiveAttention(nn.Module):
    def __init__(self, query_size: int, key_size: int, hidden_size: int):
        super().__init__()
        self.query = nn.Linear(query_size, hidden_size, bias=False)
        self.key = nn.Linear(key_size, hidden_size, bias=False)
        self.score = nn.Linear(hidden_size, 1, bias=False)

    def forward(self, query: Tensor, keys: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        hidden = torch.tanh(self.query(query).unsqueeze(1) + self.key(keys))
        scores = self.score(hidden).squeeze(-1)
        mask = length_mask(lengths, keys.shape[1])
        scores = scores.masked_fill(~mask, float("-inf"))
        weights = torch.softmax(scores, dim=-1)
        context = torch.bmm(weights.unsqueeze(1), keys).squeeze(1)
        return context, weights


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
        inputs = torch.cat([self.embedding(tokens), context], dim=-1)
        state = self.cell(inputs, state)
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
        tokens = torch.full_like(targets[:, 0], self.bos)
        logits = []
        for t in range(targets.shape[1]):
            step, state, _ = self.decoder(tokens, state, keys, lengths)
            logits.append(step)
            tokens = targets[:, t]
        return torch.stack(logits, dim=1)

    @torch.no_grad()
    def greedy(self, source: Tensor, lengths: Tensor, max_tokens: int) -> list[list[int]]:
        keys, state = self.encoder(source, lengths)
        tokens = torch.full_like(lengths, self.bos)
        results = [[] for _ in range(len(source))]
        done = [False] * len(source)
        for _ in range(max_tokens):
            logits, state, _ = self.decoder(tokens, state, keys, lengths)
            tokens = logits.argmax(dim=-1)
            for i, token in enumerate(tokens.tolist()):
                if token == self.eos:
                    done[i] = True
                if not done[i]:
                    results[i].append(token)
            if all(done):
                break
        return results


def masked_loss(logits: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
    losses = F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")
    mask = length_mask(lengths, targets.shape[1])
    return losses[mask].sum() / lengths.sum()
