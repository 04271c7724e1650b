"""One training step, by hand and by autograd, and the loop that takes many."""

import torch
from setup.data import vocab_size

# --8<-- [start:tools]
import contextlib
import sys
import time
from statistics import median

import torch.nn.functional as F
# --8<-- [end:tools]


# --8<-- [start:progress]
def tell(step, steps, loss, began):
    left = (time.perf_counter() - began) / step * (steps - step)
    said = f"step {step:7,} of {steps:,}: loss {loss:.4f}, {left:.0f} s left"
    print(said, file=sys.stderr)


@contextlib.contextmanager
def stoppable():
    """Ctrl-C ends what runs in here, and the program goes on."""
    try:
        yield
    except KeyboardInterrupt:
        print("\nstopped: what was learnt so far is kept", file=sys.stderr)


# --8<-- [end:progress]


# --8<-- [start:race]
def measure(step, recorded, parameters, batch, times):
    """Microseconds that one step takes this thread, the mean of many."""
    own = [p.clone().requires_grad_(recorded) for p in parameters]
    with torch.inference_mode(not recorded):
        began = time.thread_time()
        for _ in range(times):
            step(own, *batch(), 0.1)
        return (time.thread_time() - began) / times * 1e6


def race(kinds, parameters, batch, rounds, times):
    """The median for each kind of step; in every round each has its turn."""
    took = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, (step, recorded) in kinds.items():
            took[name].append(measure(step, recorded, parameters, batch, times))
    return {name: median(each) for name, each in took.items()}


# --8<-- [end:race]


# --8<-- [start:draw]
def draw(X, Y, n, g):
    """A batch of n examples."""
    ix = torch.randint(0, len(X), (n,), generator=g)
    return X[ix], Y[ix]  # (n, block_size), (n,)


# --8<-- [end:draw]


# --8<-- [start:hidden]
def hidden(parameters, Xb):
    """From characters to the hidden layer, up to batch norm."""
    C, W1, b1 = parameters[:3]
    embcat = C[Xb].view(len(Xb), -1)  # (n, block_size * n_embd)
    return embcat, embcat @ W1 + b1  # and hprebn, (n, n_hidden)


def moments(hprebn):
    """The mean of each hidden unit, and its variance."""
    bnmean = hprebn.mean(0, keepdim=True)  # (1, n_hidden)
    bndiff = hprebn - bnmean
    return bnmean, (bndiff**2).sum(0, keepdim=True) / (len(hprebn) - 1)


# --8<-- [end:hidden]


# --8<-- [start:output]
def output(parameters, hprebn, bnmean, bnvar):
    """Batch norm with this mean and variance, tanh, and the logits."""
    W2, b2, bngain, bnbias = parameters[3:]
    bnvar_inv = torch.rsqrt(bnvar + 1e-5)  # (1, n_hidden)
    bnraw = (hprebn - bnmean) * bnvar_inv  # (n, n_hidden)
    h = torch.tanh(bngain * bnraw + bnbias)  # (n, n_hidden)
    return bnvar_inv, bnraw, h, h @ W2 + b2  # and logits, (n, vocab_size)


# --8<-- [end:output]


# --8<-- [start:through_output]
def through_output(parameters, Yb, h, logits):
    """Back through cross-entropy and the output layer."""
    n, W2 = len(Yb), parameters[3]
    Y = F.one_hot(Yb, vocab_size)  # (n, vocab_size), a one at each target
    dlogits = (F.softmax(logits, 1) - Y) / n
    dW2, db2 = h.T @ dlogits, dlogits.sum(0)
    return dlogits @ W2.T, dW2, db2  # dh first, (n, n_hidden)


# --8<-- [end:through_output]


# --8<-- [start:through_batch_norm]
def through_batch_norm(parameters, bnvar_inv, bnraw, h, dh):
    """Back through tanh and batch norm."""
    n, bngain = len(h), parameters[5]
    dhpreact = (1 - h**2) * dh  # (n, n_hidden)
    dbngain = (bnraw * dhpreact).sum(0, keepdim=True)  # (1, n_hidden)
    dbnbias = dhpreact.sum(0, keepdim=True)  # (1, n_hidden)
    inside = n * dhpreact - dbnbias - n / (n - 1) * bnraw * dbngain
    return bngain * bnvar_inv / n * inside, dbngain, dbnbias  # dhprebn first


# --8<-- [end:through_batch_norm]


# --8<-- [start:through_hidden]
def through_hidden(parameters, Xb, embcat, dhprebn, add):
    """Back through the first layer, to the rows of C."""
    C, W1 = parameters[:2]
    dW1, db1 = embcat.T @ dhprebn, dhprebn.sum(0)
    demb = (dhprebn @ W1.T).view(*Xb.shape, -1)  # (n, block_size, n_embd)
    return add(C, Xb, demb), dW1, db1  # dC first


def add_rows(C, Xb, demb):
    """Add each row of demb to the row of dC that its character has."""
    dC = torch.zeros_like(C)
    return dC.index_add_(0, Xb.flatten(), demb.flatten(0, 1))


# --8<-- [end:through_hidden]


# --8<-- [start:step]
def forward(parameters, Xb):
    """The batch's mean and variance, and what the backward pass needs."""
    embcat, hprebn = hidden(parameters, Xb)
    statistics = moments(hprebn)
    return statistics, (embcat, *output(parameters, hprebn, *statistics))


def backward(parameters, Xb, Yb, kept, add):
    """The gradients of the seven parameters, in their order."""
    embcat, bnvar_inv, bnraw, h, logits = kept
    dh, dW2, db2 = through_output(parameters, Yb, h, logits)
    dhprebn, *rest = through_batch_norm(parameters, bnvar_inv, bnraw, h, dh)
    dC, dW1, db1 = through_hidden(parameters, Xb, embcat, dhprebn, add)
    return [dC, dW1, db1, dW2, db2, *rest]  # dbngain and dbnbias


# --8<-- [end:step]


# --8<-- [start:update_all]
def update_all(parameters, gradients, lr):
    for p, dp in zip(parameters, gradients):
        p.sub_(dp, alpha=lr)  # p = p - lr * dp, in place


# --8<-- [end:update_all]


# --8<-- [start:step_by_hand]
def step_by_hand(parameters, Xb, Yb, lr, add=add_rows):
    statistics, kept = forward(parameters, Xb)
    loss = F.cross_entropy(kept[-1], Yb)
    gradients = backward(parameters, Xb, Yb, kept, add)
    update_all(parameters, gradients, lr)
    return loss, statistics


# --8<-- [end:step_by_hand]


# --8<-- [start:step_by_autograd]
def step_by_autograd(parameters, Xb, Yb, lr):
    statistics, kept = forward(parameters, Xb)
    loss = F.cross_entropy(kept[-1], Yb)
    for p in parameters:
        p.grad = None
    loss.backward()
    with torch.no_grad():
        update_all(parameters, [p.grad for p in parameters], lr)
    return loss.detach(), statistics


# --8<-- [end:step_by_autograd]


# --8<-- [start:train]
def advance(parameters, running, Xb, Yb, lr):
    """One step; the running averages go a thousandth of their way with it."""
    loss, statistics = step_by_hand(parameters, Xb, Yb, lr)
    for average, value in zip(running, statistics):
        average.lerp_(value, 0.001)
    return loss.item()


@torch.inference_mode()
def train(parameters, running, batch, steps, every, look):
    """Take the steps, fewer if somebody presses Ctrl-C; return their losses."""
    losses, began = [], time.perf_counter()
    with stoppable():
        for step in range(1, steps + 1):
            lr = 0.1 if step <= steps / 2 else 0.01
            losses.append(advance(parameters, running, *batch(), lr))
            if step % every == 0:
                tell(step, steps, losses[-1], began)
                look(step, losses[-1])
    return losses


# --8<-- [end:train]


# --8<-- [start:evaluate]
@torch.inference_mode()
def loss_of(parameters, statistics, X, Y):
    """The mean loss of all these examples, with batch norm's numbers given."""
    hprebn = hidden(parameters, X)[1]
    logits = output(parameters, hprebn, *statistics)[-1]
    return F.cross_entropy(logits, Y).item()


@torch.inference_mode()
def calibrate(parameters, X):
    """The mean and the variance over all these examples."""
    return moments(hidden(parameters, X)[1])


# --8<-- [end:evaluate]


# --8<-- [start:double_loop]
def double_loop(C, Xb, demb):
    """What add_rows does, one row after the other."""
    dC = torch.zeros_like(C)
    for i in range(Xb.shape[0]):
        for t in range(Xb.shape[1]):
            dC[Xb[i, t]] += demb[i, t]
    return dC


# --8<-- [end:double_loop]
