# Moment matching by R's loo of rows far out, for one normal group and for two, from draws that are made here.
# Rscript moment_matching.R moment_matching.json   (Debian: r-cran-loo r-cran-jsonlite)
suppressMessages(library(loo))

# log density of the unconstrained vector: logit of the first weight (two groups), means, logs of standard deviations;
# means given variances normal, variances inverse gamma (the normal-inverse-Wishart of one column), weights beta
prior <- list(mean = 0, shrinkage = 0.1, dof = 4, scale = 3, concentration = 2)
S <- 1000

log_rows <- function(x, u, K) {
  logit <- if (K == 2) u[, 1] else rep(Inf, nrow(u))
  mu <- u[, if (K == 2) 2:3 else 1, drop = FALSE]
  sigma <- exp(u[, if (K == 2) 4:5 else 2, drop = FALSE])
  first <- plogis(logit, log.p = TRUE) + dnorm(x, mu[, 1], sigma[, 1], log = TRUE)
  if (K == 1) return(first)
  second <- plogis(-logit, log.p = TRUE) + dnorm(x, mu[, 2], sigma[, 2], log = TRUE)
  pmax(first, second) + log1p(exp(-abs(first - second)))
}

log_posterior <- function(x, u, K) {
  total <- rowSums(sapply(x, function(one) log_rows(one, u, K)))
  for (k in 1:K) {
    mu <- u[, (K == 2) + k]
    s <- exp(u[, (K == 2) + K + k])
    total <- total + dnorm(mu, prior$mean, s / sqrt(prior$shrinkage), log = TRUE)
    total <- total + dgamma(1 / s^2, prior$dof / 2, prior$scale / 2, log = TRUE) - 2 * log(s)  # of log s
  }
  if (K == 2) {
    a <- prior$concentration
    total <- total + a * plogis(u[, 1], log.p = TRUE) + a * plogis(-u[, 1], log.p = TRUE)
  }
  total
}

of_group <- function(x) {
  n <- length(x)
  kappa <- prior$shrinkage + n
  m <- (prior$shrinkage * prior$mean + sum(x)) / kappa
  s <- prior$scale + sum((x - mean(x))^2) * (n > 0) + prior$shrinkage * n / kappa * (mean(x) - prior$mean)^2
  sigma <- 1 / sqrt(rgamma(1, (prior$dof + n) / 2, s / 2))
  c(rnorm(1, m, sigma / sqrt(kappa)), log(sigma))
}

draw <- function(x, K) {
  if (K == 1) return(t(replicate(S, of_group(x))))
  z <- 1 + (x > median(x))
  kept <- NULL
  for (sweep in 1:(50 + 5 * S)) {
    w <- rbeta(1, prior$concentration + sum(z == 1), prior$concentration + sum(z == 2))
    groups <- sapply(1:2, function(k) of_group(x[z == k]))
    odds <- log(w) + dnorm(x, groups[1, 1], exp(groups[2, 1]), log = TRUE) -
      log1p(-w) - dnorm(x, groups[1, 2], exp(groups[2, 2]), log = TRUE)
    z <- 1 + (runif(length(x)) > plogis(odds))
    if (sweep > 50 && sweep %% 5 == 0) kept <- rbind(kept, c(qlogis(w), groups[1, ], groups[2, ]))
  }
  kept
}

matched <- function(x, K) {
  made <- draw(x, K)
  u <- made[c(seq(1, S, 2), seq(2, S, 2)), ]  # loo moves the first half of the draws, bayesmix every other one
  log_lik <- sapply(x, function(one) log_rows(one, u, K))
  plain <- suppressWarnings(loo(log_lik, r_eff = NA))
  found <- suppressWarnings(loo_moment_match(
    list(),
    plain,
    post_draws = function(x, ...) u,
    log_lik_i = function(x, i, ...) log_lik[, i],
    unconstrain_pars = function(x, pars, ...) pars,
    log_prob_upars = function(x, upars, ...) log_posterior(rows, upars, K),
    log_lik_i_upars = function(x, upars, i, ...) log_rows(rows[i], upars, K),
    k_threshold = 0.4  # of the moved draws; bayesmix goes on until the tail over both halves is light
  ))
  bad <- which(plain$diagnostics$pareto_k > 0.7)
  tail <- sapply(bad, function(i) {
    r_eff <- relative_eff(array(exp(log_lik[, i]), c(S, 1, 1)))
    ceiling(min(0.2 * S, 3 * sqrt(S / r_eff)))
  })
  of_bad <- list(bad = bad - 1, n_tail = tail,
                 k_before = plain$diagnostics$pareto_k[bad], k_after = found$diagnostics$pareto_k[bad],
                 elpd_before = plain$pointwise[bad, "elpd_loo"], elpd_after = found$pointwise[bad, "elpd_loo"])
  c(list(rows = x, draws = made), lapply(of_bad, I))
}

set.seed(1)
of <- list()
for (name in c("one group", "two groups")) {
  K <- if (name == "one group") 1 else 2
  rows <- if (K == 1) round(c(rnorm(20), 9), 2) else round(c(rnorm(25, -5), rnorm(15, 5), 14, -16), 2)
  of[[name]] <- c(list(n_components = K), matched(rows, K))
  print(of[[name]][-(1:3)])
}
writeLines(
  jsonlite::toJSON(
    list(made_with = list(R = paste0(R.version$major, ".", R.version$minor), loo = as.character(packageVersion("loo"))),
         prior = prior, models = of),
    digits = 12, auto_unbox = TRUE
  ),
  commandArgs(TRUE)[1]
)
