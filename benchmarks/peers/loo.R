# LOO by R's loo: the first argument is a folder with the log densities of some rows (draws in the columns of a file of
# doubles, one draw after another), the others the numbers of draws and rows. Prints seconds of a processor, and elpd.
suppressMessages(library(loo))
given <- commandArgs(TRUE)
n_draws <- as.integer(given[2]); n_rows <- as.integer(given[3])
values <- matrix(readBin(file.path(given[1], "log_densities"), "double", n_draws * n_rows), n_draws, n_rows, byrow = TRUE)
began <- sum(proc.time()[1:2])
found <- suppressWarnings(loo(values, r_eff = rep(1, n_rows), cores = 1))
cat(sprintf("%.9f %.17g\n", sum(proc.time()[1:2]) - began, found$estimates["elpd_loo", "Estimate"]))
