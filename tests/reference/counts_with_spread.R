# Reference values of counts with spread: maximum-likelihood fits of negative binomial and zero-inflated Poisson counts.
# Run in this folder: Rscript counts_with_spread.R   (Debian packages r-cran-mass, r-cran-pscl, r-cran-jsonlite)
# One component is fitted by MASS's glm.nb and pscl's zeroinfl; of two components, which no packaged program of Debian's
# has, the highest of 200 climbs by optim on R's own dnbinom and dpois. The counts are written beside the fits: articles
# of 915 biochemists (Long 1990; pscl's bioChemists) and days absent of 146 pupils (Aitkin 1978; MASS's quine).
suppressMessages({library(MASS); library(pscl); library(jsonlite)})
counts <- list(articles = pscl::bioChemists$art, days = MASS::quine$Days)

negbin <- function(x, p) dnbinom(x, size = exp(-p[2]), mu = exp(p[1]), log = TRUE)
zip <- function(x, p) {
  zero <- plogis(p[2])
  ifelse(x == 0, log(zero + (1 - zero) * exp(-exp(p[1]))), log1p(-zero) + dpois(x, exp(p[1]), log = TRUE))
}
two <- function(x, density) {
  objective <- function(p) {
    joint <- cbind(plogis(p[1], log.p = TRUE) + density(x, p[2:3]), plogis(-p[1], log.p = TRUE) + density(x, p[4:5]))
    top <- pmax(joint[, 1], joint[, 2])
    -sum(top + log(exp(joint[, 1] - top) + exp(joint[, 2] - top)))
  }
  best <- NULL
  for (i in 1:200) {
    start <- c(rnorm(1), log(mean(x)) + rnorm(1), rnorm(1), log(mean(x)) + rnorm(1), rnorm(1))
    found <- try(optim(start, objective, method = "BFGS", control = list(maxit = 5000, reltol = 1e-14)), silent = TRUE)
    if (!inherits(found, "try-error") && is.finite(found$value) && (is.null(best) || found$value < best$value)) best <- found
  }
  p <- optim(best$par, objective, method = "BFGS", control = list(maxit = 10000, reltol = 1e-16))
  sorted <- order(p$par[c(2, 4)])
  list(K = 2, loglik = -p$value, df = 5, bic = 2 * p$value + 5 * log(length(x)),
       weights = c(plogis(p$par[1]), plogis(-p$par[1]))[sorted], rates = exp(p$par[c(2, 4)])[sorted],
       others = p$par[c(3, 5)][sorted])
}
of <- function(x) {
  set.seed(1)
  one <- glm.nb(x ~ 1, control = glm.control(epsilon = 1e-14, maxit = 200))
  inflated <- zeroinfl(x ~ 1 | 1, control = zeroinfl.control(reltol = 1e-14))
  nb2 <- two(x, negbin)
  zip2 <- two(x, zip)
  nb2$others <- exp(nb2$others)
  zip2$others <- plogis(zip2$others)
  list(
    counts = x,
    negative_binomial = list(
      list(K = 1, loglik = as.numeric(logLik(one)), df = 2, bic = BIC(one), weights = I(1),
           rates = I(exp(unname(coef(one)))), others = I(1 / one$theta)), nb2),
    zero_inflated_poisson = list(
      list(K = 1, loglik = as.numeric(logLik(inflated)), df = 2, bic = -2 * as.numeric(logLik(inflated)) + 2 * log(length(x)),
           weights = I(1), rates = I(exp(unname(inflated$coefficients$count))),
           others = I(plogis(unname(inflated$coefficients$zero)))), zip2))
}
res <- c(list(made_with = list(R = paste(R.version$major, R.version$minor, sep = "."),
  MASS = as.character(packageVersion("MASS")), pscl = as.character(packageVersion("pscl")))), lapply(counts, of))
write_json(res, "counts_with_spread.json", digits = 14, auto_unbox = TRUE)
