"""Processes that work for us, each a bulkhead: what one of them does ends a call, never the others.

A process has so much memory, and so much time for each call.  One that dies or takes too long is
replaced before the next call.

To import what a worker needs takes longer than most calls.  One process, which does nothing else,
imports it once; each worker is a copy of that one.
"""

import contextlib
import functools
import multiprocessing
import os
import queue
import resource
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

from ..errors import D2lresError

NEW = multiprocessing.get_context("forkserver")  # a worker starts clean, without our threads
NEW.set_forkserver_preload([f"{__package__}.preloaded"])


class Failed(Exception):
    """A call that gave nothing.  The message is the reason, in words."""


class Workers:
    """`number` processes; each calls prepare[0](*prepare[1:]) once, before anything else.

    seconds: for each call; memory: bytes for each process; variables: of its environment.
    """

    def __init__(self, number: int, prepare, seconds: float, memory: int, variables=()):
        self.all = [Worker(prepare, seconds, memory, dict(variables)) for _ in range(number)]
        self.threads = ThreadPoolExecutor(number)
        self.free = queue.SimpleQueue()
        for worker in self.all:
            self.free.put(worker)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.threads.shutdown(wait=False, cancel_futures=True)
        for worker in self.all:
            worker.end(for_ever=True)

    def each(self, calls, done=lambda: None):
        """For each call (function, *arguments), in order: what it returns, or its error.

        Raises what `prepare` raises.  done() is called after each.
        """
        return self.threads.map(functools.partial(self.one, done), calls)

    def one(self, done, call):
        worker = self.free.get()
        try:
            worker.start()
            try:
                return worker.call(*call)
            except (Failed, D2lresError) as failure:
                return failure
        finally:
            self.free.put(worker)
            done()


class Worker:
    """One process, and its replacements."""

    def __init__(self, prepare, seconds: float, memory: int, variables: dict):
        self.prepare, self.seconds = prepare, seconds
        self.memory, self.variables = memory, variables
        self.process, self.over = None, False

    def start(self) -> None:
        """A new process where there is none.  Raises what `prepare` raises."""
        if self.process is None and not self.over:
            self.pipe, theirs = NEW.Pipe()
            given = theirs, self.memory, {**os.environ, **self.variables}
            self.process = NEW.Process(target=serve, args=given, daemon=True)
            self.process.start()
            theirs.close()
            try:
                self.call(*self.prepare)
            except Failed as failure:
                raise D2lresError(
                    f"a worker: {failure} before its first call; expected it to be ready. "
                    "See that memory is free, or give more to `grade` with --memory."
                ) from failure

    def call(self, function, *arguments):
        """What the function returns there.  Raises what it raises there, or Failed."""
        try:
            self.pipe.send((function, arguments))
            if not self.pipe.poll(self.seconds):
                self.end()
                raise Failed(f"it took longer than {self.seconds:g} s")
            result, error = self.pipe.recv()
        except (EOFError, OSError):
            self.end()
            raise Failed("its process was ended (too little memory?)") from None
        if error:
            raise error
        return result

    def end(self, for_ever: bool = False) -> None:
        self.over = self.over or for_ever
        process, self.process = self.process, None
        if process:
            process.kill()  # a sandbox ends with it
            process.join()


def serve(pipe, memory: int, variables: dict) -> None:
    """In a worker: do what we are told, one call after the other."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that the user sees
    threading.Thread(target=end_with_parent, daemon=True).start()
    os.environ.clear()  # it was that of the process that we are a copy of
    os.environ.update(variables)
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    with contextlib.suppress(ValueError, OSError):  # a lower limit holds already
        resource.setrlimit(resource.RLIMIT_DATA, (memory, hard))
    while True:
        function, arguments = pipe.recv()
        try:
            reply = function(*arguments), None
        except D2lresError as error:
            reply = None, error
        except Exception as error:  # whatever a submission brings about
            reply = None, Failed(f"{type(error).__name__}: {str(error)[:300]}")
        pipe.send(reply)


def end_with_parent():
    multiprocessing.parent_process().join()
    os._exit(1)
