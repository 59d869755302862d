"""Numbers and a yes-or-no item by StepMix 3.0: the numbers in tests/families/test_product.py."""

import pandas as pd
from stepmix.stepmix import StepMix

X = pd.read_csv("mixed_columns.csv")[["a", "b", "s"]]
measurement = {"numbers": {"model": "gaussian_full", "n_columns": 2}, "item": {"model": "binary", "n_columns": 1}}
fit = StepMix(2, measurement=measurement, abs_tol=1e-13, rel_tol=0, max_iter=20000, n_init=5, random_state=1)
fit.fit(X)
print(fit.score(X) * len(X), fit.n_parameters, fit.weights_)
print(fit.get_parameters()["measurement"])
