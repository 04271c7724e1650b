"""Training by hand, beyond its page: other sizes and seeds, Ctrl-C, the lecture's run, the bars."""

import hashlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from conftest import NAMES, PLAIN, ROOT, until
from press.reading.names import EMBEDDED, LECTURE
from press.running import program
from test_snippets import PROGRAMS, python, sections_of, short

PAGE = PROGRAMS["train"]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The namespace of the page's program, after a short run in float32."""
    folder = tmp_path_factory.mktemp("train")
    (folder / "names.txt").write_text("\n".join(NAMES[::40]) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        witness, _ = program.execute(sections_of(PAGE), "float32")
    assert witness.failures == []
    return witness.namespace


def network(page, seed, n_hidden, n):
    """Parameters in float64 and one batch, from another seed."""
    g = torch.Generator().manual_seed(seed)
    parameters = [p.double() for p in page["draw_parameters"](n_hidden, g)]
    return parameters, *page["draw"](page["Xtr"], page["Ytr"], n, g)


def gradients_by_hand(page, parameters, Xb, Yb):
    with torch.inference_mode():
        kept = page["forward"](parameters, Xb)[1]
        return page["backward"](parameters, Xb, Yb, kept, page["add_rows"])


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("n_hidden", [1, 7, 200])
@pytest.mark.parametrize("n", [2, 3, 32, 1000])
def test_the_gradients_are_autograds(page, seed, n_hidden, n):
    parameters, Xb, Yb = network(page, seed, n_hidden, n)
    ours = gradients_by_hand(page, parameters, Xb, Yb)
    for p in parameters:
        p.requires_grad_()
    F.cross_entropy(page["forward"](parameters, Xb)[1][-1], Yb).backward()
    for dp, p in zip(ours, parameters, strict=True):
        assert dp.shape == p.shape
        torch.testing.assert_close(dp, p.grad, rtol=1e-9, atol=1e-12)


def test_the_gradients_are_centred_differences(page):
    parameters, Xb, Yb = network(page, 4, 3, 5)

    def loss():
        return F.cross_entropy(page["forward"](parameters, Xb)[1][-1], Yb).item()

    for dp, p in zip(gradients_by_hand(page, parameters, Xb, Yb), parameters, strict=True):
        entries = p.view(-1)
        for k in range(len(entries)):
            kept = entries[k].item()
            entries[k] = kept + 1e-5
            up = loss()
            entries[k] = kept - 1e-5
            down = loss()
            entries[k] = kept
            assert abs((up - down) / 2e-5 - dp.view(-1)[k].item()) < 1e-8


def test_batch_norm_lets_no_gradient_through_that_moves_or_stretches_a_unit(page):
    """What comes out of it does not change when what goes in is shifted, or scaled up."""
    parameters, Xb, Yb = network(page, 5, 20, 32)
    _, dW1, db1, *_ = gradients_by_hand(page, parameters, Xb, Yb)
    _, W1, b1, *_ = parameters
    assert db1.abs().max() < 1e-15
    assert (W1 * dW1).sum(0).abs().max() < 1e-4 * dW1.abs().max()  # not zero: there is an epsilon


def test_b1_tells_of_a_missing_sum(page):
    """Batch norm's gradient without the sum over the batch is no longer zero for b1."""
    parameters, Xb, Yb = network(page, 6, 20, 32)
    with torch.inference_mode():
        embcat, bnvar_inv, bnraw, h, logits = page["forward"](parameters, Xb)[1]
        dh = page["through_output"](parameters, Yb, h, logits)[0]
        right, _, dbnbias = page["through_batch_norm"](parameters, bnvar_inv, bnraw, h, dh)
        wrong = right + parameters[5] * bnvar_inv / len(Xb) * dbnbias
    assert right.sum(0).abs().max() < 1e-15
    assert wrong.sum(0).abs().max() > 1e-3


def test_the_same_seed_gives_the_same_losses_to_the_last_bit(page):
    def run():
        g, parameters = page["start"]()
        running = [s.clone() for s in page["calibrate"](parameters, page["Xtr"])]

        def batch():
            return page["draw"](page["Xtr"], page["Ytr"], page["n"], g)

        return page["train"](parameters, running, batch, 300, 100, lambda *_: None), parameters

    (first, ours), (second, theirs) = run(), run()
    assert first == second and len(first) == 300
    assert all(torch.equal(p, q) for p, q in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("every", [1, 160], ids=["all names", "a hundred names"])
def test_the_program_runs_with_another_list(tmp_path, every):
    (tmp_path / "names.txt").write_text("\n".join(NAMES[::every]) + "\n")
    (tmp_path / "train.py").write_text(short(PAGE.source()))
    done = python(tmp_path, "train.py")
    assert done.returncode == 0, done.stderr
    assert "| test |" in done.stdout


def test_with_too_few_names_the_program_says_so(tmp_path):
    (tmp_path / "names.txt").write_text("emma\nolivia\nava\n")
    (tmp_path / "train.py").write_text(short(PAGE.source()))
    done = python(tmp_path, "train.py")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "too few names" in done.stderr


def ended_well(code, said, printed):
    assert code == 0 and "Traceback" not in said, said
    assert "stopped: what was learnt so far is kept" in said
    assert "| test |" in printed and "by" in printed


def test_ctrl_c_ends_the_run_and_the_program_goes_on(tmp_path, running):
    (tmp_path / "names.txt").write_text("\n".join(NAMES[::10]) + "\n")
    source = short(PAGE.source()).replace("steps, every = 40, 5", "steps, every = 1_000_000, 100")
    (tmp_path / "train.py").write_text(source)
    with (tmp_path / "printed").open("w") as printed, (tmp_path / "said").open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "train.py"], cwd=tmp_path, env=PLAIN, stdout=printed, stderr=said
        )
    running.append(process)
    until(lambda: "step     200 of 1,000,000: loss " in (tmp_path / "said").read_text(), 60)
    process.send_signal(signal.SIGINT)
    code = process.wait(60)
    ended_well(code, (tmp_path / "said").read_text(), (tmp_path / "printed").read_text())


def test_ctrl_c_before_the_first_step_is_no_harm_either(tmp_path):
    (tmp_path / "names.txt").write_text("\n".join(NAMES[::40]) + "\n")
    source = short(PAGE.source())
    call = "losses = train(parameters, running, batch, "
    assert source.count(call) == 1
    stop = "def stop():\n    raise KeyboardInterrupt\n\n\n"
    early = source.replace(call, stop + call.replace("batch", "stop"))
    (tmp_path / "train.py").write_text(early)
    done = python(tmp_path, "train.py")
    ended_well(done.returncode, done.stderr, done.stdout)


@pytest.mark.slow
def test_the_lectures_run(page):
    """Two hundred thousand steps, on the list that NAMES names, or on the site's own."""
    path = Path(os.environ.get("NAMES") or ROOT / EMBEDDED)
    words = path.read_text().splitlines()
    random.Random(42).shuffle(words)
    n1, n2 = int(0.8 * len(words)), int(0.9 * len(words))
    X, Y = page["build_dataset"](words[:n1])
    dev = page["build_dataset"](words[n1:n2])
    g, parameters = page["start"]()
    running = [s.clone() for s in page["calibrate"](parameters, X)]

    def batch():
        return page["draw"](X, Y, 32, g)

    losses = page["train"](parameters, running, batch, 200_000, 10_000, lambda *_: None)
    assert len(losses) == 200_000
    calibrated = page["calibrate"](parameters, X)
    of_one_batch = page["forward"](parameters, batch()[0])[0]
    loss_of, first = page["loss_of"], page["start"]()[1]
    train_loss, dev_loss = (
        loss_of(parameters, calibrated, X, Y),
        loss_of(parameters, calibrated, *dev),
    )
    cost = loss_of(parameters, of_one_batch, *dev) - dev_loss
    apart = loss_of(parameters, running, *dev) - dev_loss
    drift = (parameters[2] - first[2]).abs().max().item()
    print(f"train {train_loss:.4f}, dev {dev_loss:.4f}, one batch's statistics {cost:+.4f}")
    print(f"running average {apart:+.5f}, b1 has moved by {drift:.1e}")
    if hashlib.sha256(path.read_bytes()).hexdigest() == LECTURE:
        assert 2.06 <= train_loss <= 2.08 and 2.09 <= dev_loss <= 2.13
    assert dev_loss < page["dev_start"] - 1 and train_loss < dev_loss
    assert abs(apart) < 5e-4 and 0.002 < cost < 0.2
    assert drift < 1e-6


BENCH = [sys.executable, "scripts/bench.py"]


@pytest.mark.slow
def test_the_race_tells_what_every_step_took():
    done = subprocess.run(BENCH, cwd=ROOT, env=PLAIN, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stdout + done.stderr  # 1: slower than its bar, here
    assert [line[:20].strip() for line in done.stdout.splitlines()][1:3] == ["autograd", "by hand"]


@pytest.mark.slow
def test_where_there_is_no_compiler_the_row_says_so(tmp_path):
    without = {"CXX": "/no/compiler", "TORCHINDUCTOR_CACHE_DIR": str(tmp_path)}
    done = subprocess.run(BENCH, cwd=ROOT, env=PLAIN | without, capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stdout + done.stderr
    last = done.stdout.splitlines()[-1]
    assert last.startswith("by hand, compiled") and last.endswith("there is no C++ compiler here")
