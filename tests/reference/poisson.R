# Reference values from flexmix: maximum-likelihood fits of mixtures of independent Poissons.
# Run in this folder: Rscript poisson.R   (Debian packages r-cran-flexmix, r-cran-jsonlite)
# Writes poisson.json, and three-counts.csv where it is not there yet. The log-likelihood is that of whole densities:
# FLXMCmvpois adds up dpois(log = TRUE), so that it has the factorials in it.
suppressMessages({library(flexmix); library(jsonlite)})

STARTS <- 50
drawn <- function() {
  set.seed(13)
  groups <- rep(1:3, c(60, 90, 50))
  rates <- rbind(c(2, 8, 0.5), c(5, 5, 1), c(11, 3, 4))
  matrix(rpois(600, rates[groups, ]), 200, dimnames = list(NULL, c("a", "b", "c")))
}
if (!file.exists("three-counts.csv")) write.csv(drawn(), "three-counts.csv", row.names = FALSE, quote = FALSE)

# The best of many starts, taken on until its likelihood stands still.
best <- function(X, k) {
  em <- function(start, tolerance, most) flexmix(X ~ 1, k = k, model = FLXMCmvpois(), cluster = start,
    control = list(minprior = 0, tolerance = tolerance, iter.max = most))
  random <- function() { start <- matrix(rexp(nrow(X) * k), ncol = k); start / rowSums(start) }
  found <- lapply(seq_len(if (k == 1) 1 else STARTS), function(i) em(random(), 1e-8, 2000))
  rough <- found[[which.max(sapply(found, logLik))]]
  em(posterior(rough), 1e-15, 200000)
}

fits <- function(name) lapply(1:4, function(k) {
  X <- as.matrix(read.csv(paste0(name, ".csv")))
  set.seed(k)
  f <- best(X, k)
  rates <- matrix(parameters(f), ncol(X), k)
  sorted <- order(rates[1, ])
  cat(k, format(as.numeric(logLik(f)), digits = 12), "iterations", f@iter, "\n")
  list(K = k, loglik = as.numeric(logLik(f)), df = attr(logLik(f), "df"), bic = BIC(f), weights = I(prior(f)[sorted]),
       rates = t(rates[, sorted, drop = FALSE]), responsibilities = posterior(f)[1:5, sorted, drop = FALSE])
})

res <- list(
  made_with = list(R = paste(R.version$major, R.version$minor, sep = "."), flexmix = as.character(packageVersion("flexmix"))),
  earthquakes = fits("earthquakes"),
  `three-counts` = fits("three-counts")
)
write_json(res, "poisson.json", digits = 14, auto_unbox = TRUE)
