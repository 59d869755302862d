# Gibbs sweeps of bayesm: one line in (a number of sweeps), one line out (seconds), until the input ends. The first
# argument is a folder with the rows.
suppressMessages(library(bayesm))
folder <- commandArgs(TRUE)[1]
numbers <- function(name, n) readBin(file.path(folder, name), "double", n)
size <- as.integer(numbers("size", 3))
rows <- matrix(numbers("rows", size[1] * size[2]), size[1], size[2])
input <- file("stdin", "r")
while (length(line <- readLines(input, 1)) == 1) {
  set.seed(1)
  invisible(gc())
  began <- sum(proc.time()[1:2])
  sink(nullfile())
  rnmixGibbs(
    Data = list(y = rows), Prior = list(ncomp = size[3]), Mcmc = list(R = as.integer(line), keep = 1, nprint = 0)
  )
  sink()
  cat(sprintf("%.9f\n", sum(proc.time()[1:2]) - began))
  flush(stdout())
}
