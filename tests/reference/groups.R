# Reference values of merged components: clustCombi by mclust (Baudry et al. 2010), and estimated misclassification
# probabilities by fpc (Hennig 2010).
# Run: Rscript groups.R groups.json   (Debian packages r-cran-mclust, r-cran-fpc, r-cran-jsonlite)
suppressMessages({library(mclust); library(fpc); library(jsonlite)})
reference <- function(X, model, G) {
  fit <- Mclust(X, G = G, modelNames = model, verbose = FALSE,
    control = emControl(tol = c(1e-13, 1e-13), itmax = c(20000, 100000)))  # so that memberships are those of the estimate
  combined <- clustCombi(fit)
  entropy <- sapply(combined$combiz, function(z) -sum(ifelse(z > 0, z * log(z), 0)))
  members <- lapply(combined$combiM[1:(G - 1)], function(m) apply(m, 2, which.max))
  p <- fit$parameters
  list(model = model, weights = p$pro, means = t(p$mean), covariances = aperm(p$variance$sigma, c(3, 1, 2)),
    misclassification = zmisclassification.matrix(fit$z, p$pro, symmetric = FALSE),
    entropy = entropy, steps = members)
}
res <- list(
  made_with = list(R = paste(R.version$major, R.version$minor, sep = "."), mclust = as.character(packageVersion("mclust")),
    fpc = as.character(packageVersion("fpc"))),
  faithful = reference(as.matrix(faithful), "VVV", 5),
  iris = reference(as.matrix(iris[, 1:4]), "VVV", 4)
)
args <- commandArgs(TRUE)
write_json(res, args[1], digits = 14, auto_unbox = TRUE)
