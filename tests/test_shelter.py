"""Interruptions are interruptions, nothing is lost of them, and NumPy's error state is the package's own."""

import gc
import json
import os
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

import bayesmix as bm
from bayesmix.shelter import sheltered

# Every kind of work is interrupted at random moments of its course, and then done once more.
INTERRUPTED_AGAIN_AND_AGAIN = """
import json, os, signal, sys, threading, time
import numpy as np
import bayesmix as bm

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that runs this in the background lets it be ignored
rng = np.random.default_rng(0)
X = np.concatenate([rng.normal(size=(400, 3)), rng.normal(size=(400, 3)) + 3])
mixture = bm.Mixture(3)
em = mixture.fit_em(X, random_seed=1)
tree = mixture.fit_laplace(X, init=em, draws=100, random_seed=1, log_likelihood=False)
work = {
    "fit_em": lambda: mixture.fit_em(X, random_seed=1).history,
    "fit_laplace": lambda: mixture.fit_laplace(X, draws=200, random_seed=1).posterior["means"].values,
    "fit_nuts": lambda: bm.Mixture(2).fit_nuts(X, draws=100, tune=100, random_seed=1).posterior["means"].values,
    "fit_advi": lambda: bm.Mixture(1).fit_advi(X, draws=200, random_seed=1).posterior["means"].values,
    "compare": lambda: bm.compare(X, [1, 2], method="em", random_seed=1).table["bic"].values,
    "predict_proba": lambda: [em.predict_proba(X) for _ in range(300)][0],
    "responsibilities": lambda: bm.responsibilities(tree)["probability"].values,
    "loo": lambda: bm.loo(tree).elpd_i.values,
    "log_density": lambda: bm.log_density(tree, X)["log_density"].values,
    "sample_predictive": lambda: bm.sample_predictive(tree, random_seed=1)["posterior_predictive"]["x"].values,
}
said = {}
for name in sys.argv[1:]:
    do = work[name]
    do()
    began = time.perf_counter()
    answer = do()
    lasted = time.perf_counter() - began
    said[name] = []
    for _ in range(6):
        ended = "finished"
        timer = threading.Timer(rng.uniform(0, 0.9) * lasted, os.kill, (os.getpid(), signal.SIGINT))
        try:
            timer.start()
            try:
                do()
            except BaseException as error:
                ended = type(error).__name__
            timer.join()
            time.sleep(0.03)
        except KeyboardInterrupt:  # it came when the work was done, or while it was being given up
            pass
        said[name].append(ended)
    said[name].append("equal bits" if np.array_equal(do(), answer) else "other bits")
print(json.dumps(said))
"""


@pytest.mark.gate
@pytest.mark.skipif(sys.platform == "win32", reason="os.kill ends the process there")
@pytest.mark.parametrize(
    "names",
    [
        ("fit_em", "fit_laplace", "fit_nuts", "fit_advi", "compare"),
        ("predict_proba", "responsibilities", "loo", "log_density", "sample_predictive"),
    ],
)
def test_an_interruption_is_a_keyboard_interrupt_wherever_it_falls(names):
    made = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_AGAIN_AND_AGAIN, *names], capture_output=True, text=True, timeout=300
    )
    assert made.returncode == 0, made.stderr
    said, interrupted = json.loads(made.stdout), 0
    for name in names:
        *ended, bits = said[name]
        assert set(ended) <= {"KeyboardInterrupt", "finished"}, (name, ended)
        assert bits == "equal bits", name
        interrupted += ended.count("KeyboardInterrupt")
    assert interrupted >= 2 * len(names)  # of six each; the others came when the work was done


def test_what_another_handler_raises_comes_out_too():
    """A time limit by an alarm falls into compiled code as an interruption does."""

    class OutOfTime(Exception):
        pass

    def stop(number, frame):
        raise OutOfTime

    rows = np.random.default_rng(1).normal(size=(50_000, 4))
    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(OutOfTime):
            bm.Mixture(4).fit_em(rows, random_seed=1, tol=0, max_iter=100_000)
        assert signal.getsignal(signal.SIGALRM) is stop
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.gate
def test_an_interruption_that_python_would_forget_is_made_again():
    """In a callback of the garbage collector, as JAX has one, an exception is only written to standard error."""
    fell = []

    def callback(phase, info):
        if not fell:
            fell.append(phase)
            os.kill(os.getpid(), signal.SIGINT)
            for _ in range(1000):  # instructions, between which it falls
                pass

    @sheltered()
    def work():
        gc.callbacks.append(callback)
        gc.collect()
        time.sleep(5)

    hook = sys.unraisablehook
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            work()
    finally:
        gc.callbacks.remove(callback)
        signal.signal(signal.SIGINT, before)
    assert fell
    assert sys.unraisablehook is hook


def test_an_error_of_the_interpreter_stays_one():
    with pytest.raises(SystemError, match="of another kind"), sheltered():
        raise SystemError("of another kind") from KeyboardInterrupt()


@pytest.mark.gate
def test_no_fit_and_no_report_imports_jax(tmp_path):
    """ArviZ, SciPy and PyMC know of JAX; only a sampler of JAX's needs it."""
    code = """
import sys
import bayesmix as bm
X = bm.datasets.load_faithful()
mixture = bm.Mixture(2)
tree = mixture.fit_laplace(X, random_seed=1)
mixture.fit_advi(X, random_seed=1)
mixture.fit_nuts(X, draws=50, tune=50, random_seed=1)
bm.responsibilities(tree); bm.loo(tree); bm.waic(tree); bm.diagnose(tree)
bm.compare(X, [1], method="laplace", random_seed=1)
bm.report(tree, "report.html")
print("jaxlib" in sys.modules)
"""
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert made.stdout.strip() == "False"


def everything_public():
    """Every public function and method that computes, on rows whose densities underflow."""
    far = np.array([[-1e5, 1e3], [40.0, -40.0], [3.0, 60.0]])
    X = bm.datasets.load_faithful().to_numpy()
    mixture = bm.Mixture(2)
    em = mixture.fit_em(X, random_seed=1)
    tree = mixture.fit_laplace(X, init=em, draws=100, random_seed=1)
    yield em.responsibilities, em.icl
    yield em.predict(far), em.predict_proba(far), em.score_samples(far), em.sample(5, random_seed=1)
    yield em.to_tree(), mixture.resolve_priors(X), mixture.adopt(tree, X)
    yield mixture.fit_advi(X, init=em, draws=100, random_seed=1, progressbar=False)
    yield mixture.fit_nuts(X, init=em, draws=50, chains=2, random_seed=1, progressbar=False)
    yield bm.responsibilities(tree), bm.responsibilities(tree, far), bm.log_density(tree, far)
    yield bm.sample_predictive(tree, random_seed=1), bm.relabel(tree, "order"), bm.diagnose(tree)
    yield bm.loo(tree), bm.waic(tree)
    yield bm.compare(X, [1, 2], method="laplace", random_seed=1, progressbar=False).table


def test_a_caller_whose_numpy_raises_gets_the_same():
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        # so few draws are not to be trusted, and say so whatever NumPy does
        warnings.simplefilter("ignore", bm.UntrustedWarning)
        for made in everything_public():
            assert made is not None
