"""One model of a comparison: the Mixture with its fits."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bayesmix.comparison.evidence import Evidence
from bayesmix.data.words import joined
from bayesmix.engines.em import EMResult
from bayesmix.mixture import Mixture
from bayesmix.posterior.labels import Diagnosis
from bayesmix.tree import record_of

if TYPE_CHECKING:
    import xarray as xr
    from arviz_stats.utils import ELPDDataLOO, ELPDDataLOOKFold

    from bayesmix.comparison.information import ELPDDataWAIC


@dataclass(frozen=True, eq=False)
class Candidate:
    """A mixture that was considered, with everything that was fitted.

    Attributes
    ----------
    mixture : Mixture
        Its priors resolved to numbers, once for the whole analysis.
    em : EMResult or None
        MAP estimate; None where the model cannot be fitted to the data (``notes`` says why).
    ml : EMResult or None
        Maximum likelihood, behind BIC, AIC and ICL; None where every start collapsed.
    tree : xarray.DataTree or None
        The posterior; None for ``method="em"``, or where sampling failed.
    diagnosis : Diagnosis or None
        Of ``tree``.
    loo : ELPDDataLOO or None
        Rows with a Pareto k above 0.7 repaired by moment matching (``pareto_k`` is of the moved draws) or refitted
        exactly (``pareto_k`` is 0).
    waic : ELPDDataWAIC or None
    evidence : Evidence or None
        Log evidence; None for ``method="em"``, or where sampling failed.
    occupied : (K,) array or None
        Posterior probabilities that 1, 2, ... of the components have rows.
    kfold : ELPDDataLOOKFold or None
        Of the folds that were asked for.
    n_bad_k : int
        Rows whose Pareto k stays above 0.7.
    distrust : tuple of str
        Why the posterior cannot be trusted; empty where it can.
    notes : tuple of str
        What else a careful reader must know.
    reached : bool
        False where the comparison was interrupted before it had finished with this model.
    """

    mixture: Mixture
    em: EMResult | None = None
    ml: EMResult | None = None
    tree: "xr.DataTree | None" = None
    diagnosis: Diagnosis | None = None
    loo: "ELPDDataLOO | None" = None
    waic: "ELPDDataWAIC | None" = None
    evidence: Evidence | None = None
    occupied: np.ndarray | None = None
    kfold: "ELPDDataLOOKFold | None" = None
    n_bad_k: int = 0
    distrust: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    reached: bool = True

    @property
    def key(self) -> tuple[str, int]:
        """``(family, n_components)``, its index in the table."""
        return str(self.mixture.family), self.mixture.n_components

    @property
    def point(self) -> EMResult | None:
        """The estimate at which BIC, AIC and ICL are taken: maximum likelihood, else MAP."""
        return self.em if self.ml is None else self.ml

    @property
    def engine(self) -> str:
        """The method that made the posterior; nothing where there is none."""
        return "" if self.tree is None else record_of(self.tree)["method"]

    @property
    def trusted(self) -> bool:
        """Whether LOO may be compared with that of other models."""
        return self.loo is not None and not self.distrust and self.n_bad_k == 0

    @property
    def remarks(self) -> tuple[str, ...]:
        """Why the posterior cannot be trusted, and the notes."""
        if not self.distrust:
            return self.notes
        return (f"posterior not trusted, LOO in brackets: {joined(self.distrust)}", *self.notes)

    def __repr__(self) -> str:
        made = [name for name in ("em", "ml", "tree", "loo", "waic") if getattr(self, name) is not None]
        notes = "".join(f"\n  - {note}" for note in self.remarks)
        return f"Candidate({self.mixture}; {', '.join(made) or 'not fitted'}){notes}"
