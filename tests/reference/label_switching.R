# Permutations by R's label.switching: Stephens' method and the pivotal reordering algorithm.
# Run: Rscript label_switching.R OUTPUT.json   (CRAN package label.switching; Debian packages r-cran-lpsolve,
# r-cran-combinat, r-cran-jsonlite)
suppressMessages({library(label.switching); library(jsonlite)})
set.seed(1)
S <- 150; K <- 3; N <- 60
w <- c(0.5, 0.3, 0.2); mu <- c(0, 2.5, 5)
z <- sample(K, N, TRUE, w)
x <- rnorm(N, mu[z])
draws <- array(NA, c(S, K, 3))  # means, variances, weights: scattered around the truth, then named at random
for (s in 1:S) {
  named <- sample(K)
  v <- w * exp(rnorm(K, 0, 0.2))
  draws[s, , ] <- cbind(mu + rnorm(K, 0, 0.4), exp(rnorm(K, 0, 0.2)), v / sum(v))[named, ]
}
p <- array(NA, c(S, N, K))  # responsibilities
for (s in 1:S) {
  joint <- sapply(1:K, function(k) draws[s, k, 3] * dnorm(x, draws[s, k, 1], sqrt(draws[s, k, 2])))
  p[s, , ] <- joint / rowSums(joint)
}
pivot <- which.max(apply(draws, 1, function(d) sum(log(colSums(d[, 3] * t(outer(x, 1:K, function(x, k)
  dnorm(x, d[k, 1], sqrt(d[k, 2])))))))))
res <- list(
  made_with = list(R = paste(R.version$major, R.version$minor, sep = "."), label.switching = "1.8"),
  x = x, labels = z - 1, means = draws[, , 1], variances = draws[, , 2], weights = draws[, , 3], highest = pivot - 1,
  stephens = stephens(p)$permutations - 1, pra = pra(draws, draws[pivot, , ])$permutations - 1
)
args <- commandArgs(TRUE)
write_json(res, args[1], digits = 10, auto_unbox = TRUE)
