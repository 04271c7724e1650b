"""Training by hand: one step, many steps, what they taught, what they cost."""

import torch
from setup.compare import check, cmp
from setup.data import Xtr, Ytr, block_size, build_dataset, stoi, words
from setup.network import draw_parameters
from setup.training import (
    F,
    add_rows,
    backward,
    calibrate,
    double_loop,
    draw,
    forward,
    hidden,
    loss_of,
    output,
    race,
    step_by_autograd,
    step_by_hand,
    through_hidden,
    train,
    update_all,
)

# --8<-- [start:imports]
import functools
import textwrap
from itertools import pairwise

import matplotlib.pyplot as plt

torch.set_num_threads(1)  # the tensors are small: more would only wait
# --8<-- [end:imports]


# --8<-- [start:start]
seed, n_embd, n_hidden = 2147483647, 10, 200
fan_in, n = block_size * n_embd, 32


def start():
    """A fresh generator, and the parameters that it draws first."""
    g = torch.Generator().manual_seed(seed)
    return g, draw_parameters(n_hidden, g)


# --8<-- [end:start]

# --8<-- [start:seven]
names = ["C", "W1", "b1", "W2", "b2", "bngain", "bnbias"]
g, parameters = start()
C, W1, b1, W2, b2, bngain, bnbias = [p.requires_grad_() for p in parameters]
Xb, Yb = draw(Xtr, Ytr, n, g)
kept = forward(parameters, Xb)[1]
F.cross_entropy(kept[-1], Yb).backward()
with torch.no_grad():  # autograd need not record our lines
    gradients = backward(parameters, Xb, Yb, kept, add_rows)
for name, ours, p in zip(names, gradients, parameters):
    cmp(f"d{name}", ours, p)
# --8<-- [end:seven]

# --8<-- [start:random_incoming]
embcat, hprebn = hidden(parameters, Xb)
u = torch.randn((n, n_hidden), generator=g)  # in the place of dhprebn
ours = through_hidden(parameters, Xb, embcat, u, add_rows)[2]
theirs = torch.autograd.grad(hprebn, b1, u)[0]
check("db1", ours, theirs, kind="gradient")
# --8<-- [end:random_incoming]


# --8<-- [start:update]
def flat(tensors):
    """All their entries, in one row."""
    return torch.cat([t.detach().flatten() for t in tensors])


eta = 0.1
moved = [p.detach().clone() for p in parameters]
update_all(moved, gradients, eta)
autograds = flat([p.grad for p in parameters])
check("update", flat(moved), flat(parameters) - eta * autograds)
# --8<-- [end:update]

# --8<-- [start:forbidden]
for off in torch.no_grad, torch.inference_mode:
    try:
        with off():
            step_by_autograd(parameters, Xb, Yb, eta)
    except RuntimeError as error:
        print(off.__name__, error, sep=": ")
# --8<-- [end:forbidden]

# --8<-- [start:splits]
n1, n2 = int(0.8 * len(words)), int(0.9 * len(words))
if not n1 < n2 < len(words):
    raise SystemExit("names.txt holds too few names: none is left to judge by")
Xdev, Ydev = build_dataset(words[n1:n2])
Xte, Yte = build_dataset(words[n2:])
# --8<-- [end:splits]

# --8<-- [start:run]
g, parameters = start()
running = [s.clone() for s in calibrate(parameters, Xtr)]
dev_start = loss_of(parameters, running, Xdev, Ydev)
curve = [(0, dev_start, dev_start)]  # steps, dev loss, loss of a batch


def look(step, loss):
    curve.append((step, loss_of(parameters, running, Xdev, Ydev), loss))


def batch():
    return draw(Xtr, Ytr, n, g)


steps, every = 10_000, 500
losses = train(parameters, running, batch, steps, every, look)
# --8<-- [end:run]

# --8<-- [start:learning]
at, dev, told = zip(*(curve[1:] or curve))  # the start is far above the rest
plt.figure()
plt.plot(at, told, "C1o", label="one batch, as progress told it")
plt.plot(at, dev, "C0o-", label="dev")
plt.xlabel("steps")
plt.ylabel("loss")
plt.legend()
plt.savefig("learning.svg")
# --8<-- [end:learning]

# --8<-- [start:fell]
q = (len(curve) - 1) // 4  # a quarter of the run
quarters = [curve[k * q] for k in range(5)]
fell = [before[1] - after[1] for before, after in pairwise(quarters)]
print("| steps | dev loss | fell by |\n|---|---|---|")
for (step, loss, _), by in zip(quarters[1:], fell):
    print(f"| {step:,} | {loss:.4f} | {by:.4f} |")
first_fall, last_fall = fell[0], fell[-1]
verdict = "has stopped" if last_fall < first_fall / 100 else "goes on"
noise = torch.tensor(losses[-every:]).std().item()
# --8<-- [end:fell]

# --8<-- [start:statistics]
calibrated = calibrate(parameters, Xtr)
of_one_batch = forward(parameters, batch()[0])[0]
dev_calibrated = loss_of(parameters, calibrated, Xdev, Ydev)
dev_running = loss_of(parameters, running, Xdev, Ydev)
dev_of_one_batch = loss_of(parameters, of_one_batch, Xdev, Ydev)
dev_apart = abs(dev_running - dev_calibrated)
dev_cost = dev_of_one_batch - dev_calibrated
# --8<-- [end:statistics]

# --8<-- [start:losses]
splits = {"train": (Xtr, Ytr), "dev": (Xdev, Ydev), "test": (Xte, Yte)}
judged = {}
print("| names | examples | loss |\n|---|---|---|")
for name, (X, Y) in splits.items():
    judged[name] = loss_of(parameters, calibrated, X, Y)
    print(f"| {name} | {len(X):,} | {judged[name]:.4f} |")
# --8<-- [end:losses]


# --8<-- [start:sample]
itos = {k: letter for letter, k in stoi.items()}
longest = block_size + max(len(name) for name in words)


@torch.inference_mode()
def sample(g):
    """Draw one letter after the other, until the dot."""
    name = "." * block_size
    while not name.endswith(".", block_size) and len(name) < longest:
        context = torch.tensor([[stoi[c] for c in name[-block_size:]]])
        hprebn = hidden(parameters, context)[1]
        logits = output(parameters, hprebn, *calibrated)[-1]
        k = torch.multinomial(F.softmax(logits, 1), 1, generator=g).item()
        name += itos[k]
    return name.strip(".")


# --8<-- [end:sample]

# --8<-- [start:twenty]
g = torch.Generator().manual_seed(seed + 10)
twenty = [sample(g) for _ in range(20)]
known = sum(name in words for name in twenty)
print(textwrap.fill(", ".join(twenty)))
# --8<-- [end:twenty]

# --8<-- [start:twins]
marks = _, few, many = 1, 100, 1_000
g, ours = start()
ours = [p.double() for p in ours]  # here every digit counts
theirs = [p.clone().requires_grad_() for p in ours]
by_hand, by_autograd, apart = [], [], {}
for step in range(1, many + 1):
    Xb, Yb = batch()
    with torch.inference_mode():
        by_hand.append(step_by_hand(ours, Xb, Yb, eta)[0].item())
    by_autograd.append(step_by_autograd(theirs, Xb, Yb, eta)[0].item())
    apart[step] = (flat(ours) - flat(theirs)).abs().max().item()
for step in marks:
    check(f"after_{step}", apart[step], 0, kind="invariant")
# --8<-- [end:twins]

# --8<-- [start:twins_drawn]
plt.figure()
plt.plot(by_hand[:few], label="by hand")
plt.plot(by_autograd[:few], "--", label="autograd")
plt.xlabel("steps")
plt.ylabel("loss of a batch")
plt.legend()
plt.savefig("twins.svg")
# --8<-- [end:twins_drawn]

# --8<-- [start:drift]
pairs = zip(names, parameters, start()[1])
moved_by = {name: (p - old).abs().max().item() for name, p, old in pairs}
print("| parameter | moved by |\n|---|---|")
for name, distance_moved in moved_by.items():
    print(f"| `{name}` | {distance_moved:.1e} |")
# --8<-- [end:drift]

# --8<-- [start:still]
check("still", moved_by["b1"], 0, kind="invariant")
# --8<-- [end:still]

# --8<-- [start:loops_agree]
u = torch.randn((*Xb.shape, C.shape[1]), generator=g)  # in the place of demb
check("loops_agree", double_loop(C, Xb, u), add_rows(C, Xb, u), kind="forward")
# --8<-- [end:loops_agree]

# --8<-- [start:timings]
kinds = {  # the step, and whether autograd records it
    "autograd": (step_by_autograd, True),
    "by hand": (step_by_hand, False),
    "double loop": (functools.partial(step_by_hand, add=double_loop), False),
}
rounds, times = 9, 100
took = race(kinds, parameters, batch, rounds, times)
time_autograd, time_by_hand, time_loop = took.values()
time_share = time_by_hand / time_autograd
time_loop_share = time_loop / time_autograd
# --8<-- [end:timings]


# --8<-- [start:tiny]
def tiny_batch():
    return draw(Xtr, Ytr, 2, g)


tiny = race(kinds, draw_parameters(1, g), tiny_batch, rounds, times)
time_tiny_autograd, time_tiny_by_hand, time_tiny_loop = tiny.values()
# --8<-- [end:tiny]
