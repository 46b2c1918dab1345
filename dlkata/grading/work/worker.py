"""The process in which an attempt runs. It does one job, reports over its channel, and ends."""

import torch

from dlkata.content.solution import read_solution
from dlkata.grading.collection import Suite
from dlkata.grading.explain.diagnosis import Diagnosis, name_all
from dlkata.grading.protocol import Diagnosed, Fate, Finished, Loaded, Located, Message, Problem, TestStarted
from dlkata.grading.work.alarms import measure
from dlkata.grading.work.bench import Bench
from dlkata.grading.work.channel import Channel
from dlkata.grading.work.confinement import confine
from dlkata.grading.work.contract import changed_defaults
from dlkata.grading.work.job import Job
from dlkata.grading.work.module import execute_file
from dlkata.grading.work.preloading import preload_optimizers
from dlkata.grading.work.room import desk, room
from dlkata.grading.work.trial import Trial
from dlkata.suite.settings import setting


def work(job: Job, suite: Suite, channel: Channel) -> None:
    """Everything a worker does, from its first line to its last."""
    confine(memory=job.check.device == "cpu")
    torch.set_num_threads(1)
    if (problem := use_device(job.check.device)) is not None:
        channel.send(problem)
    elif job.purpose == "diagnose":
        diagnose(job, suite, channel)
    elif job.purpose == "prove":
        prove(job, suite, channel)
    elif job.purpose == "alarms":
        alarms(job, suite, channel)
    elif job.purpose == "try":
        try_all(job, suite, channel)
    elif job.purpose == "room":
        room(job, suite, channel)
    elif job.purpose == "desk":
        desk(job, suite, channel)
    else:
        run_attempt(job, suite, channel)
    channel.send(Finished())


def use_device(device: str) -> Problem | None:
    """Grades on `device` from here on, or says which devices there are."""
    there = ["cpu"]
    if device != "cpu":
        there += ["cuda"] if torch.cuda.is_available() else []
        there += ["mps"] if torch.backends.mps.is_available() else []
    if device == "auto":
        device = there[-1]
    if device.partition(":")[0] not in there:
        return Problem(kind="device", text=device, names=there)
    setting.device = device
    return None


def diagnose(job: Job, suite: Suite, channel: Channel) -> None:
    """Runs known bugs only: nothing of the attempt but what it was seen to do."""
    reference = job.reference_file.read_text(encoding="utf-8")
    bugs = read_solution(job.file("solutions", f"{job.check.stem}.toml")).bugs
    observed = {done.name: done for done in job.evidence}
    endings = {(label, done.name): done for label, known in job.check.known.items() for done in known}
    found = Diagnosis(suite, reference, bugs, job.seed, observed, endings)
    channel.send(Diagnosed(found.answer(), found.cut_off))


def prove(job: Job, suite: Suite, channel: Channel) -> None:
    """Runs known bugs as if they were attempts, and says what each would be taken for."""
    reference = job.reference_file.read_text(encoding="utf-8")
    bugs = read_solution(job.file("solutions", f"{job.check.stem}.toml")).bugs
    for named in name_all(suite, reference, bugs, job.seed, job.check.labels):
        channel.send(named)


def alarms(job: Job, suite: Suite, channel: Channel) -> None:
    """Runs the reference in the place of an attempt, with random numbers from many streams."""
    preload_optimizers()
    candidate, reference = (execute_file(job.reference_file, name) for name in ("attempt", "reference"))
    for bounded in measure(suite, candidate, reference, job.seed):
        channel.send(bounded)


def try_all(job: Job, suite: Suite, channel: Channel) -> None:
    """Runs many sources, one after the other."""
    trial = Trial(job, suite)
    channel.send(Loaded())  # from here on a source that hangs is patience lost on it alone
    for number, source in enumerate(job.check.sources[job.first :], job.first):
        channel.send(Fate(number, trial.rejects(source)))


def run_attempt(job: Job, suite: Suite, channel: Channel) -> None:
    bench = Bench(job, suite)
    attempt = bench.load()
    if isinstance(attempt, Problem):
        channel.send(attempt)
        return
    banned, tampered = bench.noticed()
    loaded = Loaded(changed_defaults(attempt, bench.stub), banned, tampered)
    if job.purpose == "locate":
        channel.send(loaded, Located(bench.locate()))
        return
    said: Message = loaded  # goes out with the next message: each that is sent wakes two processes
    for name in job.tests:
        test = suite.tests[name]
        channel.send(said, TestStarted(name))
        if test.training:
            preload_optimizers()  # not before the quick tests have been heard: in a cold process it takes a second
        said = bench.run(test, attempt)
    channel.send(said)
