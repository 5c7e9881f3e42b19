"""Chaos with real processes: beats and workers on one store, faults at random, and a checker that knows the promises.

`python -m chaos --help` says how to run it. Its parts, from the bottom up:

evidence   what a run leaves behind: entries and their histories, jobs, runs of tasks, faults, what processes said
checker    holds the evidence against the promises, and knows nothing of the code that is to keep them
tasks      the app that the workers run: every run leaves a line in a file, by one append
load       the entries and the producer
sites      where the store is: a Redis behind proxies, or a SQLite file on a file system of its own
faults     what is done to processes and to the store, each with what it excuses
driver     starts the fleet, injects, lets everything drain, and gathers the evidence
"""
