# Reference values from flexmix: maximum-likelihood fits of mixtures of independent Poissons of rows with whole weights,
# 1, 2, 3, 4, 1, 2, ... of the rows of three-counts.csv.
# Run in this folder: Rscript weighted.R   (Debian packages r-cran-flexmix, r-cran-jsonlite)
suppressMessages({library(flexmix); library(jsonlite)})

X <- as.matrix(read.csv("three-counts.csv"))
times <- as.integer(rep(1:4, length.out = nrow(X)))
em <- function(k, start, tolerance, most) flexmix(X ~ 1, k = k, model = FLXMCmvpois(), cluster = start, weights = times,
  control = list(minprior = 0, tolerance = tolerance, iter.max = most))
random <- function(k) { start <- matrix(rexp(nrow(X) * k), ncol = k); start / rowSums(start) }

fits <- lapply(2:3, function(k) {
  set.seed(k)
  found <- lapply(1:30, function(i) em(k, random(k), 1e-8, 2000))
  f <- em(k, posterior(found[[which.max(sapply(found, logLik))]]), 1e-15, 200000)
  rates <- matrix(parameters(f), ncol(X), k)
  sorted <- order(rates[1, ])
  list(K = k, loglik = as.numeric(logLik(f)), bic = BIC(f), weights = I(prior(f)[sorted]),
       rates = t(rates[, sorted, drop = FALSE]))
})
write_json(list(flexmix = as.character(packageVersion("flexmix")), fits = fits), "weighted.json", digits = 14, auto_unbox = TRUE)
