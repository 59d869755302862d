"""nutpie without ArviZ's plots: what it would convert, it still converts, and everybody else imports ArviZ itself."""

import subprocess
import sys

CONVERTS = """
import sys
import numpy as np
from bayesmix.engines.arviz_when_asked import arviz_when_asked

with arviz_when_asked():
    import nutpie
assert "arviz" not in sys.modules
model = nutpie.compiled_pyfunc.from_pyfunc(
    ndim=1,
    make_logp_fn=lambda: lambda x: (-0.5 * float(x @ x), -x),
    make_expand_fn=lambda *seeds: lambda x: {"x": x},
    expanded_dtypes=[np.dtype("float64")],
    expanded_shapes=[(1,)],
    expanded_names=["x"],
)
trace = nutpie.sample(model, draws=20, tune=20, chains=2, seed=1, progress_bar=False)
import arviz
print(trace.posterior["x"].shape, nutpie.sample.__module__, arviz.__spec__.name, callable(arviz.from_dict))
"""


def test_nutpie_converts_draws_for_others_as_ever():
    done = subprocess.run([sys.executable, "-c", CONVERTS], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[0] == "(2, 20, 1) nutpie.sample arviz True"
