# Posteriors of mixtures with two components by Stan, and their LOO and WAIC by R's loo.
# Run from the root of the repository: Rscript tests/reference/stan/sample.R [NAME ...]
# (Debian packages r-cran-rstan, r-cran-loo, r-cran-posterior, r-cran-jsonlite.) Writes NAME.json for each model.
# The priors are bayesmix's defaults, computed here from their definition; the data are R's own copy of `faithful`.
suppressMessages({library(rstan); library(loo); library(posterior); library(jsonlite)})

if (!file.exists(rstan_options("boost_lib"))) rstan_options(boost_lib = "/usr/include") # where Debian keeps Boost
HERE <- "tests/reference/stan"
CHAINS <- 4
DRAWS <- 8000
KEPT <- 125 # draws of each chain that are kept, with their LOO and WAIC, where a model says so
DATA <- list(
  faithful = as.matrix(faithful),
  eruptions = as.matrix(faithful[1:50, "eruptions", drop = FALSE])
)
MODELS <- list(
  `full-conjugate` = list(data = "faithful", program = "conjugate_full", keep = TRUE),
  `tied-conjugate` = list(data = "faithful", program = "conjugate_tied", keep = FALSE),
  `diag-conjugate` = list(data = "faithful", program = "conjugate_diag", keep = FALSE),
  `spherical-conjugate` = list(data = "faithful", program = "conjugate_spherical", keep = FALSE),
  `full-separated` = list(data = "faithful", program = "separated_full", keep = FALSE),
  `diag-separated` = list(data = "faithful", program = "separated_diag", keep = FALSE),
  `one-feature-full-conjugate` = list(data = "eruptions", program = "conjugate_full", keep = FALSE),
  `one-feature-tied-conjugate` = list(data = "eruptions", program = "conjugate_tied", keep = FALSE),
  # not separated_full, which is the same model: Stan's correlation matrix of one feature takes R down
  `one-feature-diag-separated` = list(data = "eruptions", program = "separated_diag", keep = FALSE)
)
K <- 2

# The number, vector or matrix by which a covariance structure describes one component.
as_structure <- function(covariance, structure) switch(structure,
  full = covariance, tied = covariance, diag = as.array(diag(covariance)), spherical = mean(diag(covariance)))

hyperparameters <- function(X, prior, structure) {
  D <- ncol(X)
  concentration <- rep(1, K)
  if (prior == "conjugate")
    return(list(concentration = concentration, mean0 = as.array(colMeans(X)), shrinkage = 0.01, dof = D + 2,
                scale = as_structure(cov(X) / K^(2 / D), structure)))
  variances <- as_structure(diag(diag(cov(X)), D), if (structure == "spherical") "spherical" else "diag")
  list(concentration = concentration, mean0 = as.array(colMeans(X)), sd0 = as.array(rep_len(2 * sqrt(variances), D)),
       log_mean = log(sqrt(variances)) - log(K) / D, log_sd = 0.75, eta = 1)
}

# Both groups, told apart by the length of the eruption, as Stan's parameters.
start_of <- function(X, structure) {
  groups <- lapply(c(FALSE, TRUE), function(long) X[(X[, 1] > 3) == long, , drop = FALSE])
  spread <- lapply(groups, cov)
  both <- (spread[[1]] + spread[[2]]) / 2
  D <- ncol(X)
  each <- function(f) t(sapply(spread, f))
  per_component <- structure %in% c("full", "diag")
  list(
    weights = sapply(groups, nrow) / nrow(X),
    means = matrix(t(sapply(groups, colMeans)), K, D),
    covariances = aperm(array(unlist(spread), c(D, D, K)), c(3, 1, 2)),
    covariance = both,
    variances = if (structure == "diag") matrix(each(diag), K, D) else sapply(spread, function(S) mean(diag(S))),
    scales = switch(structure, tied = as.array(sqrt(diag(both))), spherical = sapply(spread, function(S) sqrt(mean(diag(S)))),
                    matrix(each(function(S) sqrt(diag(S))), K, D)),
    correlations = if (structure == "tied") cov2cor(both) else aperm(array(unlist(lapply(spread, cov2cor)), c(D, D, K)), c(3, 1, 2))
  )
}

# Arrays (iteration, chain, ...) of weights, means and covariances, the smaller first mean first.
in_order <- function(draws, D) {
  pick <- function(name, ...) draws[, , sprintf("%s[%s]", name, paste(..., sep = ","))]
  first <- pick("means", 1, 1) <= pick("means", 2, 1)
  sorted <- function(of) list(ifelse(first, of(1), of(2)), ifelse(first, of(2), of(1)))
  covariance <- function(i, j) function(k) Reduce(`+`, lapply(1:D, function(l) pick("factors", k, i, l) * pick("factors", k, j, l)))
  found <- list()
  put <- function(name, values) for (k in 1:K) found[[sprintf(name, k - 1)]] <<- array(values[[k]], dim(first))
  put("weight[%d]", sorted(function(k) pick("weights", k)))
  for (i in 1:D) {
    put(paste0("mean[%d,", i - 1, "]"), sorted(function(k) pick("means", k, i)))
    for (j in 1:i) put(paste0("covariance[%d,", j - 1, ",", i - 1, "]"), sorted(covariance(i, j)))
  }
  found
}

# What is compared by mean and standard deviation, and what by quantiles.
compared <- function(found, D, structure, log_likelihood) {
  moments <- list(`log_weight_ratio[1]` = log(found[["weight[1]"]] / found[["weight[0]"]]), log_likelihood = log_likelihood)
  quantiles <- found[grepl("^mean", names(found))]
  for (k in 0:(if (structure == "tied") 0 else K - 1)) {
    for (i in 0:(if (structure == "spherical") 0 else D - 1)) {
      variance <- found[[sprintf("covariance[%d,%d,%d]", k, i, i)]]
      moments[[sprintf("log_scale[%d,%d]", k, i)]] <- log(variance) / 2
      for (j in 0:i) if (i == j || structure %in% c("full", "tied")) {
        name <- sprintf("covariance[%d,%d,%d]", k, j, i)
        quantiles[[name]] <- found[[name]]
        other <- found[[sprintf("covariance[%d,%d,%d]", k, j, j)]]
        if (i != j) moments[[sprintf("fisher_z[%d,%d,%d]", k, j, i)]] <- atanh(found[[name]] / sqrt(variance * other))
      }
    }
  }
  list(moments = moments, quantiles = quantiles)
}

of_moments <- function(x) list(
  mean = mean(x), sd = sd(x), mcse_mean = mcse_mean(x), mcse_sd = mcse_sd(x),
  ess_bulk = ess_bulk(x), ess_tail = ess_tail(x), rhat = rhat(x))

of_quantiles <- function(x) {
  probs <- c(0.05, 0.5, 0.95)
  list(probs = probs, values = unname(quantile(x, probs)), mcse = unname(mcse_quantile(x, probs)),
       ess_bulk = ess_bulk(x), ess_tail = ess_tail(x), rhat = rhat(x))
}

# LOO and WAIC of a log-likelihood (iteration, chain, row). Monte Carlo errors are those of the mean of the influence
# that each draw has on the sum, with the chains' autocorrelation; loo's own error takes rows for independent.
criteria <- function(log_lik) {
  S <- dim(log_lik)[1:2]
  by_loo <- suppressWarnings(loo(log_lik, r_eff = relative_eff(exp(log_lik))))
  matrix <- matrix(log_lik, prod(S))
  by_waic <- suppressWarnings(waic(matrix))
  centred <- sweep(matrix, 2, colMeans(matrix))
  relative <- function(log_values) { d <- exp(sweep(log_values, 2, apply(log_values, 2, max))); sweep(d, 2, colMeans(d), "/") }
  influence_loo <- -rowSums(relative(-matrix) - 1)
  influence_waic <- rowSums(relative(matrix) - 1 - sweep(centred^2, 2, colMeans(centred^2)))
  list(
    elpd_loo = by_loo$estimates["elpd_loo", "Estimate"], se_loo = by_loo$estimates["elpd_loo", "SE"],
    p_loo = by_loo$estimates["p_loo", "Estimate"],
    mcse_loo = mcse_mean(array(influence_loo, S)), mcse_loo_by_loo = mcse_loo(by_loo),
    max_pareto_k = max(by_loo$diagnostics$pareto_k),
    elpd_waic = by_waic$estimates["elpd_waic", "Estimate"], se_waic = by_waic$estimates["elpd_waic", "SE"],
    p_waic = by_waic$estimates["p_waic", "Estimate"], mcse_waic = mcse_mean(array(influence_waic, S))
  )
}

# Every so-many-th draw (draw, chain) of weights, means and covariances, with loo's answers on exactly these, row by row.
kept <- function(log_lik, found, structure) {
  few <- round(seq(1, dim(log_lik)[1], length.out = KEPT))
  log_lik <- log_lik[few, , ]
  r_eff <- relative_eff(exp(log_lik))
  by_loo <- suppressWarnings(loo(log_lik, r_eff = r_eff))
  by_waic <- suppressWarnings(waic(matrix(log_lik, prod(dim(log_lik)[1:2]))))
  if (structure == "tied") found <- found[!grepl("covariance\\[1", names(found))]
  list(
    variables = lapply(found, function(values) values[few, ]), log_likelihood = apply(log_lik, c(1, 2), sum),
    r_eff = r_eff, pareto_k = by_loo$diagnostics$pareto_k,
    elpd_loo = by_loo$pointwise[, "elpd_loo"], se_loo = by_loo$estimates["elpd_loo", "SE"],
    elpd_waic = by_waic$pointwise[, "elpd_waic"], se_waic = by_waic$estimates["elpd_waic", "SE"],
    p_waic = by_waic$pointwise[, "p_waic"]
  )
}

versions <- function() c(
  list(R = paste(R.version$major, R.version$minor, sep = ".")),
  sapply(c("rstan", "StanHeaders", "loo", "posterior"), function(p) as.character(packageVersion(p)), simplify = FALSE))

run <- function(name, compiled) {
  model <- MODELS[[name]]
  structure <- sub(".*_", "", model$program)
  prior <- sub("_.*", "", model$program)
  X <- DATA[[model$data]]
  numbers <- hyperparameters(X, prior, structure)
  given <- c(list(N = nrow(X), D = ncol(X), K = K, x = t(X)), numbers)
  began <- Sys.time()
  fit <- sampling(compiled, data = given, chains = CHAINS, cores = 1, warmup = 1000, iter = 1000 + DRAWS, seed = 1,
                  init = rep(list(start_of(X, structure)), CHAINS), refresh = 0, control = list(adapt_delta = 0.9),
                  pars = "lp__", include = FALSE)
  draws <- as.array(fit)
  log_lik <- draws[, , grepl("^log_lik", dimnames(draws)[[3]])]
  parameters <- in_order(draws, ncol(X))
  found <- compared(parameters, ncol(X), structure, apply(log_lik, c(1, 2), sum))
  result <- list(
    data = model$data, program = model$program, made_with = versions(), chains = CHAINS, draws = DRAWS,
    divergences = get_num_divergent(fit), hyperparameters = numbers,
    moments = lapply(found$moments, of_moments), quantiles = lapply(found$quantiles, of_quantiles),
    criteria = criteria(log_lik))
  if (model$keep) result$kept <- kept(log_lik, parameters, structure)
  file <- file.path(HERE, paste0(name, ".json"))
  write_json(result, paste0(file, ".part"), digits = I(12), auto_unbox = TRUE, pretty = !model$keep)
  file.rename(paste0(file, ".part"), file)
  ess <- sapply(result$moments, function(m) min(m$ess_bulk, m$ess_tail))
  cat(name, "min ESS", round(min(ess)), names(which.min(ess)), "max rhat", max(sapply(result$moments, `[[`, "rhat")),
      "divergent", result$divergences, "seconds", round(as.numeric(Sys.time() - began, units = "secs")), "\n")
}

chosen <- commandArgs(TRUE)
if (length(chosen) == 0) chosen <- names(MODELS)
for (program in unique(sapply(chosen, function(name) MODELS[[name]]$program))) {
  compiled <- stan_model(file.path(HERE, paste0(program, ".stan")), isystem = HERE)
  for (name in chosen) if (MODELS[[name]]$program == program) run(name, compiled)
}
