# Reference values from flexmix: maximum-likelihood fits of mixtures of independent Poissons whose rows belong together,
# `~ 1 | id`: all rows of an id have one component. The rows are those of three-counts.csv; the first 150 belong together
# by fives, the last 50 are alone.
# Run in this folder: Rscript subjects.R   (Debian packages r-cran-flexmix, r-cran-jsonlite)
suppressMessages({library(flexmix); library(jsonlite)})

X <- as.matrix(read.csv("three-counts.csv"))
id <- c(rep(1:30, each = 5), 31:80)
em <- function(k, start, tolerance, most) flexmix(X ~ 1 | id, k = k, model = FLXMCmvpois(), cluster = start,
  control = list(minprior = 0, tolerance = tolerance, iter.max = most))
random <- function(k) { start <- matrix(rexp(80 * k), ncol = k); (start / rowSums(start))[id, ] }

fits <- lapply(2:4, function(k) {
  set.seed(k)
  found <- lapply(1:50, function(i) em(k, random(k), 1e-8, 2000))
  f <- em(k, posterior(found[[which.max(sapply(found, logLik))]]), 1e-15, 200000)
  rates <- matrix(parameters(f), ncol(X), k)
  sorted <- order(rates[1, ])
  list(K = k, loglik = as.numeric(logLik(f)), df = attr(logLik(f), "df"), bic = BIC(f), weights = I(prior(f)[sorted]),
       rates = t(rates[, sorted, drop = FALSE]), responsibilities = posterior(f)[c(1, 61, 146, 151, 161, 181), sorted])
})
write_json(list(flexmix = as.character(packageVersion("flexmix")), fits = fits), "subjects.json", digits = 14, auto_unbox = TRUE)
