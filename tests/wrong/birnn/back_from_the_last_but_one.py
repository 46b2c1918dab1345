# mistake: the backward direction starts one position too early and never reads the last real token.
# bug: last_token_not_read_backwards
# line: 52
import torch
import torch.nn as nn


class RecurrentCell(nn.Module):
    def __init__(self, n_in, n_hidden):
        super().__init__()
        self.weight_ih = nn.Parameter(torch.zeros(n_hidden, n_in))
        self.weight_hh = nn.Parameter(torch.zeros(n_hidden, n_hidden))
        self.bias = nn.Parameter(torch.zeros(n_hidden))
        limit = n_hidden**-0.5
        for p in self.parameters():
            nn.init.uniform_(p, -limit, limit)


class BiRNN(nn.Module):
    def __init__(self, input_size, hidden_size, num_layers=1):
        super().__init__()
        self.forward_cells = nn.ModuleList()
        self.backward_cells = nn.ModuleList()
        for layer in range(num_layers):
            n_in = input_size if layer == 0 else 2 * hidden_size
            self.forward_cells.append(RecurrentCell(n_in, hidden_size))
            self.backward_cells.append(RecurrentCell(n_in, hidden_size))
        self.hidden_size = hidden_size

    def forward(self, x, lengths=None, h=None):
        batch, steps, _ = x.shape
        outputs = []
        finals = []
        for b in range(batch):
            n = steps if lengths is None else int(lengths[b])
            sequence = [x[b, t] for t in range(n)]
            last = []
            for layer in range(len(self.forward_cells)):
                fw = self.forward_cells[layer]
                bw = self.backward_cells[layer]
                if h is None:
                    a = x.new_zeros(self.hidden_size)
                    c = x.new_zeros(self.hidden_size)
                else:
                    a = h[2 * layer, b]
                    c = h[2 * layer + 1, b]
                ahead = []
                for t in range(n):
                    a = torch.tanh(fw.weight_ih @ sequence[t] + fw.weight_hh @ a + fw.bias)
                    ahead.append(a)
                back = [c] * n
                for t in range(n - 2, -1, -1):
                    c = torch.tanh(bw.weight_ih @ sequence[t] + bw.weight_hh @ c + bw.bias)
                    back[t] = c
                sequence = [torch.cat((ahead[t], back[t])) for t in range(n)]
                last.append(a)
                last.append(c)
            padding = x.new_zeros(steps - n, 2 * self.hidden_size)
            outputs.append(torch.cat((torch.stack(sequence), padding)))
            finals.append(torch.stack(last))
        return torch.stack(outputs), torch.stack(finals, dim=1)
