"""Loaded once where processes that are to be killed are forked from: what takes seconds to import."""

import threading

import sentence_transformers  # noqa: F401 - loaded to be there when a process is forked
from tqdm import tqdm

import api.cli.main  # noqa: F401 - as above

# By default tqdm makes a lock between processes, which a killed one leaves behind for the resource tracker to report.
tqdm.set_lock(threading.RLock())
