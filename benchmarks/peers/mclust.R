# EM of mclust from given parameters: one line in (a number of iterations), one line out (seconds, log-likelihood and the
# iterations done), until the input ends. The first argument is a folder with the rows and the start.
suppressMessages(library(mclust))
folder <- commandArgs(TRUE)[1]
numbers <- function(name, n) readBin(file.path(folder, name), "double", n)
size <- as.integer(numbers("size", 3))
n <- size[1]; d <- size[2]; k <- size[3]
rows <- matrix(numbers("rows", n * d), n, d)
sigma <- array(numbers("covariances", d * d * k), c(d, d, k))
factors <- array(apply(sigma, 3, chol), c(d, d, k))
start <- list(
  pro = numbers("weights", k), mean = matrix(numbers("means", d * k), d, k),
  variance = list(modelName = "VVV", d = d, G = k, sigma = sigma, cholsigma = factors)
)
input <- file("stdin", "r")
while (length(line <- readLines(input, 1)) == 1) {
  control <- emControl(tol = c(0, 0), itmax = rep(as.integer(line), 2))
  invisible(gc())
  began <- sum(proc.time()[1:2])
  fitted <- em(data = rows, modelName = "VVV", parameters = start, control = control)
  seconds <- sum(proc.time()[1:2]) - began
  cat(sprintf("%.9f %.17g %d\n", seconds, fitted$loglik, abs(attr(fitted, "info")[["iterations"]])))
  flush(stdout())
}
