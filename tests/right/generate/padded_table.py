import torch


def generate(model, prefixes, max_new_tokens, eos=None, temperature=0.0, generator=None):
    """One table (B, longest + N) that starts as the padded prefixes and is filled in, column by column."""
    training = {module: module.training for module in model.modules()}
    model.eval()
    device = prefixes[0].device
    sizes = torch.tensor([len(p) for p in prefixes], device=device)
    table = torch.nn.utils.rnn.pad_sequence(list(prefixes), batch_first=True)
    table = torch.nn.functional.pad(table, (0, max_new_tokens))
    ends = sizes + max_new_tokens  # where a row ends at the latest
    state = None
    column = 0
    with torch.no_grad():
        while column + 1 < int(ends.max()):
            logits, state = model(table[:, column].contiguous(), state)
            if temperature > 0:
                p = torch.softmax(logits.double() / temperature, dim=1).cpu()
                new = torch.multinomial(p, 1, generator=generator).squeeze(1).to(device)
            else:
                new = logits.max(dim=1).indices
            column += 1
            writes = column >= sizes
            table[:, column] = torch.where(writes, new, table[:, column])
            if eos is not None:
                over = writes & (column < ends) & (new == eos)
                ends = torch.where(over, column + 1, ends)
    for module, mode in training.items():
        module.training = mode
    return [row[m:end].tolist() for row, m, end in zip(table, sizes.tolist(), ends.tolist())]
