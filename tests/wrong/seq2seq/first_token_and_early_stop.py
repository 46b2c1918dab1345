# mistake: Two mistakes: greedy begins with eos, and it stops all rows as soon as one is done.
# bug: does_not_begin_with_bos + stops_with_the_first
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Encoder(nn.Module):
    def __init__(self, vocab_size, embed_size, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.rnn = nn.GRU(embed_size, hidden_size, batch_first=True)

    def forward(self, source, lengths):
        packed = pack_padded_sequence(
            self.embedding(source), lengths.cpu(), batch_first=True, enforce_sorted=False
        )
        packed_outputs, hidden = self.rnn(packed)
        outputs, _ = pad_packed_sequence(packed_outputs, batch_first=True, total_length=source.size(1))
        return outputs, hidden[-1]


class AdditiveAttention(nn.Module):
    def __init__(self, query_size, key_size, hidden_size):
        super().__init__()
        self.query = nn.Linear(query_size, hidden_size, bias=False)
        self.key = nn.Linear(key_size, hidden_size, bias=False)
        self.score = nn.Linear(hidden_size, 1, bias=False)

    def forward(self, query, keys, lengths):
        scores = self.score(torch.tanh(self.query(query).unsqueeze(1) + self.key(keys))).squeeze(-1)
        padding = torch.arange(keys.size(1), device=keys.device).unsqueeze(0) >= lengths.unsqueeze(1)
        weights = F.softmax(scores.masked_fill(padding, -1e9), dim=1)
        return torch.bmm(weights.unsqueeze(1), keys).squeeze(1), weights


class Decoder(nn.Module):
    def __init__(self, vocab_size, embed_size, hidden_size):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_size)
        self.attention = AdditiveAttention(hidden_size, hidden_size, hidden_size)
        self.cell = nn.GRUCell(embed_size + hidden_size, hidden_size)
        self.out = nn.Linear(hidden_size, vocab_size)

    def forward(self, tokens, state, keys, lengths):
        context, weights = self.attention(state, keys, lengths)
        state = self.cell(torch.cat((self.embedding(tokens), context), dim=1), state)
        return self.out(state), state, weights


class Seq2Seq(nn.Module):
    def __init__(self, source_vocab, target_vocab, embed_size, hidden_size, bos, eos):
        super().__init__()
        self.encoder = Encoder(source_vocab, embed_size, hidden_size)
        self.decoder = Decoder(target_vocab, embed_size, hidden_size)
        self.bos = bos
        self.eos = eos

    def forward(self, source, lengths, targets):
        outputs, state = self.encoder(source, lengths)
        first = torch.full((source.size(0), 1), self.bos, dtype=torch.long, device=source.device)
        fed = torch.cat((first, targets[:, :-1]), dim=1)
        all_logits = []
        for step in range(fed.size(1)):
            logits, state, _ = self.decoder(fed[:, step], state, outputs, lengths)
            all_logits.append(logits.unsqueeze(1))
        return torch.cat(all_logits, dim=1)

    def greedy(self, source, lengths, max_tokens):
        with torch.no_grad():
            outputs, state = self.encoder(source, lengths)
            token = torch.full((source.size(0),), self.eos, dtype=torch.long, device=source.device)
            texts = [[] for _ in range(source.size(0))]
            done = [False] * source.size(0)
            for _ in range(max_tokens):
                logits, state, _ = self.decoder(token, state, outputs, lengths)
                token = logits.argmax(1)
                for row, word in enumerate(token.tolist()):
                    done[row] = done[row] or word == self.eos
                    if not done[row]:
                        texts[row].append(word)
                if any(done):
                    break
        return texts


def masked_loss(logits, targets, lengths):
    steps = torch.arange(targets.size(1), device=targets.device)
    marked = targets.masked_fill(steps >= lengths.unsqueeze(1), -100)
    return F.cross_entropy(logits.reshape(-1, logits.size(-1)), marked.reshape(-1), ignore_index=-100)
