# Bootstrap likelihood-ratio tests by mclust, in two ways.
# Run: Rscript bootstrap_lrt.R bootstrap_lrt.json   (Debian packages r-cran-mclust, r-cran-mass, r-cran-jsonlite)
# mclustBootstrapLRT climbs once, from hierarchical clustering, and stops early: some of its maxima are none, and some of
# its statistics are below zero, which the larger model's maximum cannot be. So the same procedure is also written out with
# mclust's EM from 20 random starts, to its end, of the data and of every resample.
suppressMessages({library(mclust); library(jsonlite)})
set.seed(1)
packaged <- function(X, model, largest) {
  test <- mclustBootstrapLRT(X, modelName = model, nboot = 999, maxG = largest, verbose = FALSE)
  lapply(seq_along(test$obs), function(i) list(
    model = model, G = test$G[i], statistic = test$obs[i], p_value = test$p.value[i], resamples = 999))
}
control <- emControl(tol = c(1e-10, 1e-10), itmax = c(5000, 5000))
best <- function(x, g) {
  if (g == 1) return(me(x, "X", matrix(1, length(x), 1)))
  fits <- lapply(1:20, function(i) {
    centres <- sample(x, g)
    z <- unmap(apply(abs(outer(x, centres, "-")), 1, which.min), groups = 1:g)
    me(x, "E", z, control = control)
  })
  heights <- sapply(fits, function(f) if (is.null(f$loglik) || is.na(f$loglik)) -Inf else f$loglik)
  fits[[which.max(heights)]]
}
written_out <- function(x, g, resamples) {
  null <- best(x, g)
  null$modelName <- "E"
  if (g == 1) null$parameters$variance <- list(modelName = "E", d = 1, G = 1, sigmasq = null$parameters$variance$sigmasq)
  ratio <- function(y) 2 * (best(y, g + 1)$loglik - best(y, g)$loglik)
  boot <- replicate(resamples, {
    k <- sample.int(g, length(x), replace = TRUE, prob = if (g == 1) 1 else null$parameters$pro)
    ratio(rnorm(length(x), null$parameters$mean[k], sqrt(null$parameters$variance$sigmasq)))
  })
  list(model = "E", G = g, statistic = 2 * (best(x, g + 1)$loglik - null$loglik), resampled = round(sort(boot), 5))
}
galaxies <- MASS::galaxies / 1000
res <- list(
  made_with = list(R = paste(R.version$major, R.version$minor, sep = "."), mclust = as.character(packageVersion("mclust"))),
  packaged = c(packaged(as.matrix(faithful), "EEE", 2), packaged(as.matrix(faithful), "VVV", 1)),
  written_out = list(written_out(galaxies, 1, 300), written_out(galaxies, 2, 300), written_out(galaxies, 3, 300))
)
write_json(res, commandArgs(TRUE)[1], digits = 12, auto_unbox = TRUE)
