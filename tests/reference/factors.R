# Reference values of factor analysis by maximum likelihood: factanal of R's stats on correlations.
# Run: Rscript factors.R OUTPUT.json   (Debian packages r-base-core, r-cran-jsonlite)
library(jsonlite)
X <- scale(as.matrix(USJudgeRatings))
fits <- lapply(1:3, function(q) {
  f <- factanal(X, q, rotation = "none", nstart = 20, control = list(lower = 1e-4, opt = list(factr = 10, maxit = 10000)))
  list(factors = q, uniquenesses = unname(f$uniquenesses), loadings = unname(unclass(f$loadings)), converged = f$converged)
})
write_json(list(made_with = list(R = paste(R.version$major, R.version$minor, sep = ".")),
                rows = unname(as.matrix(USJudgeRatings)), fits = fits), commandArgs(TRUE)[1], digits = 12, auto_unbox = TRUE)
