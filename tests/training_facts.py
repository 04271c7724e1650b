"""What training by hand must be, said a second time: torch's own layers, autograd and SGD."""

import contextlib
import io
import statistics

import facts
import torch
import torch.nn.functional as F
from facts import close


class Reference:
    """The network of the page, from the same seed, with torch's operations."""

    def __init__(self, seed=2147483647, n_hidden=200):
        self.g = torch.Generator().manual_seed(seed)
        drawn = facts.drawn(n_hidden, self.g)
        self.C, self.W1, self.b1, self.W2, self.b2, self.gain, self.bias = drawn
        self.parameters = [p.requires_grad_() for p in drawn]
        self.sgd = torch.optim.SGD(self.parameters)

    def hprebn(self, X):
        return F.linear(F.embedding(X, self.C).flatten(1), self.W1.T, self.b1)

    def logits(self, X, mean=None, var=None):
        """With the mean and the variance of the batch, or with those that are given."""
        hprebn = self.hprebn(X)
        if mean is None:
            mean, var = hprebn.mean(0), hprebn.var(0)
        gain, bias = self.gain[0], self.bias[0]
        bn = F.batch_norm(hprebn, mean.detach(), var.detach(), gain, bias, eps=1e-5)
        if hprebn.requires_grad:  # torch's batch norm in training divides by n, ours by n - 1
            bessel = (len(X) - 1) / len(X)
            bn = F.batch_norm(hprebn, None, None, training=True, eps=1e-5 * bessel)
            bn = bn * bessel**0.5 * gain + bias
        return F.linear(bn.tanh(), self.W2.T, self.b2)

    def batch(self, X, Y, n=32):
        ix = torch.randint(len(X), (n,), generator=self.g)
        return X[ix], Y[ix]

    def step(self, X, Y, lr):
        loss = F.cross_entropy(self.logits(X), Y)
        self.sgd.param_groups[0]["lr"] = lr
        self.sgd.zero_grad()
        loss.backward()
        with torch.no_grad():
            hprebn = self.hprebn(X)
        self.sgd.step()
        return loss.item(), hprebn.mean(0, keepdim=True), hprebn.var(0, keepdim=True)

    @torch.no_grad()
    def loss(self, X, Y, mean, var):
        return F.cross_entropy(self.logits(X, mean[0], var[0]), Y).item()


def all_that_apply(ns, outputs, dtype):
    """Every fact about the page that trains."""
    if "train" not in ns or dtype != "float64":
        return
    reference = the_run_is_right(ns)
    the_judgement_is_right(ns, reference)
    the_names_are_right(ns, reference)
    the_twins_are_right(ns)
    the_drift_is_right(ns)
    the_splits_are_right(ns)
    the_progress_is_right(ns)
    the_clock_is_right(ns)
    the_tables_are_right(ns, outputs)


def the_splits_are_right(ns):
    """A tenth of the names for dev, and the last tenth for test."""
    words = ns["words"]
    first, second = len(words) * 8 // 10, len(words) * 9 // 10
    assert facts.examples(words[first:second]) == (ns["Xdev"].tolist(), ns["Ydev"].tolist())
    assert facts.examples(words[second:]) == (ns["Xte"].tolist(), ns["Yte"].tolist())


def the_run_is_right(ns):
    """Every loss, every evaluation on the way, and what was learnt in the end."""
    net, steps, every = Reference(), ns["steps"], ns["every"]
    with torch.no_grad():
        hprebn = net.hprebn(ns["Xtr"])
    mean, var = hprebn.mean(0, keepdim=True), hprebn.var(0, keepdim=True)
    dev = [(0, net.loss(ns["Xdev"], ns["Ydev"], mean, var))]
    losses = []
    for k in range(steps):
        X, Y = net.batch(ns["Xtr"], ns["Ytr"])
        loss, *of_batch = net.step(X, Y, 0.1 if 2 * k < steps else 0.01)
        losses.append(loss)
        mean, var = (0.999 * a + 0.001 * b for a, b in zip((mean, var), of_batch, strict=True))
        if (k + 1) % every == 0:
            dev.append((k + 1, net.loss(ns["Xdev"], ns["Ydev"], mean, var)))
    near(ns["losses"], losses)
    for ours, theirs in zip(ns["parameters"], net.parameters, strict=True):
        torch.testing.assert_close(ours, theirs.detach(), rtol=1e-8, atol=1e-10)
    near([step for step, _, _ in ns["curve"]], [step for step, _ in dev])
    near([loss for _, loss, _ in ns["curve"]], [loss for _, loss in dev])
    assert [loss for _, _, loss in ns["curve"]][1:] == ns["losses"][every - 1 :: every]
    near(ns["noise"], statistics.stdev(ns["losses"][-every:]))
    for ours, theirs in zip(ns["running"], (mean, var), strict=True):
        close(ours, theirs)
    quarters = [dev[k * ((len(dev) - 1) // 4)][1] for k in range(5)]
    near(ns["fell"], [a - b for a, b in zip(quarters[:-1], quarters[1:], strict=True)])
    stopped = 100 * (quarters[3] - quarters[4]) < quarters[0] - quarters[1]
    near([ns["first_fall"], ns["last_fall"]], [ns["fell"][0], ns["fell"][3]])
    assert ns["verdict"] == ("has stopped" if stopped else "goes on")
    net.running = mean, var
    return net


def near(ours, theirs):
    torch.testing.assert_close(
        torch.tensor(ours).double(), torch.tensor(theirs).double(), rtol=1e-8, atol=1e-10
    )


def the_judgement_is_right(ns, net):
    """Three kinds of statistics, and three splits."""
    with torch.no_grad():
        hprebn = net.hprebn(ns["Xtr"])
        batch = net.hprebn(net.batch(ns["Xtr"], ns["Ytr"])[0])
    for name, which in (
        ("calibrated", (hprebn.mean(0, keepdim=True), hprebn.var(0, keepdim=True))),
        ("running", net.running),
        ("of_one_batch", (batch.mean(0, keepdim=True), batch.var(0, keepdim=True))),
    ):
        near(ns[f"dev_{name}"], net.loss(ns["Xdev"], ns["Ydev"], *which))
        if name == "calibrated":
            net.calibrated = which
    near(ns["dev_apart"], abs(ns["dev_calibrated"] - ns["dev_running"]))
    near(ns["dev_cost"], ns["dev_of_one_batch"] - ns["dev_calibrated"])
    for name, end in (("train", "tr"), ("dev", "dev"), ("test", "te")):
        X, Y = ns[f"X{end}"], ns[f"Y{end}"]
        near(ns["judged"][name], net.loss(X, Y, *net.calibrated))


def the_names_are_right(ns, net):
    """Twenty names, letter after letter, from the generator with its own seed."""
    g, names = torch.Generator().manual_seed(2147483657), []
    assert ns["longest"] == 3 + max(map(len, ns["words"]))
    for _ in range(20):
        letters = [0, 0, 0]
        while (letters[-1] or len(letters) == 3) and len(letters) < ns["longest"]:
            with torch.no_grad():
                X = torch.tensor([letters[-3:]])
                mean, var = (each[0] for each in net.calibrated)
                probs = net.logits(X, mean, var).softmax(1)
            letters.append(torch.multinomial(probs, 1, generator=g).item())
        names.append("".join(chr(96 + k) for k in letters if k))
    assert ns["twenty"] == names
    assert ns["known"] == len([name for name in names if name in set(ns["words"])])


def the_twins_are_right(ns):
    """Both ways of training, from the seed of the run, with a rate that does not fall."""
    net, losses = Reference(), []
    for _ in range(ns["many"]):
        losses.append(net.step(*net.batch(ns["Xtr"], ns["Ytr"]), 0.1)[0])
    near(ns["by_hand"], losses)
    near(ns["by_autograd"], losses)
    assert list(ns["apart"]) == list(range(1, ns["many"] + 1))
    assert 0 < max(ns["apart"].values()) < 1e-12


def the_drift_is_right(ns):
    """How far the entry of each parameter that moved most is from where it was drawn."""
    drawn = facts.drawn(200, torch.Generator().manual_seed(2147483647))
    far = [(p - old).abs().max().item() for p, old in zip(ns["parameters"], drawn, strict=True)]
    near(list(ns["moved_by"].values()), far)


def the_progress_is_right(ns):
    """A line says where the run is, and Ctrl-C ends it in good order."""
    said, clock = io.StringIO(), ns["time"].perf_counter
    ns["time"].perf_counter = lambda: 130.0
    try:
        with contextlib.redirect_stderr(said):
            ns["tell"](250, 1000, 2.5, 100.0)
            with ns["stoppable"]():
                raise KeyboardInterrupt
    finally:
        ns["time"].perf_counter = clock
    assert said.getvalue() == (
        "step     250 of 1,000: loss 2.5000, 90 s left\n\nstopped: what was learnt so far is kept\n"
    )
    kept, calls = [], iter(range(5))

    def batch():
        if next(calls) == 3:
            raise KeyboardInterrupt
        return ns["batch"]()

    with contextlib.redirect_stderr(said):
        parameters = [p.clone() for p in ns["parameters"]]
        losses = ns["train"](parameters, [], batch, 5, 1, lambda *told: kept.append(told))
    assert len(losses) == 3 and [step for step, _ in kept] == [1, 2, 3]


def the_clock_is_right(ns):
    """Microseconds a step, the median of rounds in which each kind has its turn."""
    lasted = [4e-6, 6e-3, 10e-6, 8e-3, 1e-6, 7e-3]
    told = iter([point for seconds in lasted for point in (50.0, 50.0 + seconds)])
    clock, calls = ns["time"].thread_time, []
    ns["time"].thread_time = lambda: next(told)
    kinds = {"a": (lambda *given: calls.append(given), True), "b": (lambda *given: None, False)}
    try:
        took = ns["race"](kinds, [torch.zeros(2)], lambda: ("X", "Y"), 3, 2)
    finally:
        ns["time"].thread_time = clock
    assert len(calls) == 6 and calls[0][0][0].requires_grad and calls[0][1:3] == ("X", "Y")
    torch.testing.assert_close(torch.tensor(list(took.values())), torch.tensor([2.0, 3500.0]))
    recorded = [name for name, (_, recorded) in ns["kinds"].items() if recorded]
    assert recorded == ["autograd"]
    assert torch.get_num_threads() == 1
    autograd, by_hand, loop = ns["took"].values()
    near([ns["time_share"], ns["time_loop_share"]], [by_hand / autograd, loop / autograd])


def the_tables_are_right(ns, outputs):
    """What is printed for the page to show is what was computed."""
    quarter = (len(ns["curve"]) - 1) // 4
    places = [ns["curve"][k * quarter] for k in range(1, 5)]
    rows = zip(places, ns["fell"], strict=True)
    assert table(outputs["fell"]) == [
        f"| {step:,} | {dev:.4f} | {fell:.4f} |" for (step, dev, _), fell in rows
    ]
    assert table(outputs["losses"]) == [
        f"| {name} | {len(ns['X' + end]):,} | {ns['judged'][name]:.4f} |"
        for name, end in (("train", "tr"), ("dev", "dev"), ("test", "te"))
    ]
    moved = zip(
        ["C", "W1", "b1", "W2", "b2", "bngain", "bnbias"], ns["moved_by"].values(), strict=True
    )
    assert table(outputs["drift"]) == [f"| `{name}` | {far:.1e} |" for name, far in moved]


def table(printed):
    """The rows of a table in Markdown."""
    return printed.splitlines()[2:]
