"""The same route as viewflow tasks, one a signer, with a blocking lock and a proxy process.

Only the process is run: it writes no sign-off, which viewflow has no table for.
"""

import time

from django.apps import AppConfig, apps
from viewflow import this
from viewflow.workflow import flow, lock
from viewflow.workflow.models import Process
from viewflow.workflow.models import Task as FlowTask

import bench
from bench._world import STEPS, World

# viewflow stores the app of a flow beside its name.
apps.app_configs["bench"] = config = AppConfig("bench", bench)
config.apps = apps
config.import_models()


class SignersProcess(Process):
    class Meta:
        proxy = True
        app_label = "bench"


def two_done(activation: object, active: object) -> bool:
    return active.count() <= 1  # type: ignore[attr-defined,no-any-return]


def signer(following: object) -> flow.View:
    return flow.View(lambda request: None).Next(following)


class SignersFlow(flow.Flow):
    process_class = SignersProcess
    lock_impl = lock.SelectForUpdateLock(nowait=False)

    start = flow.StartHandle().Next(this.A)
    A = signer(this.countersign)
    countersign = flow.Split().Always(this.B1).Always(this.B2).Always(this.B3)
    B1 = signer(this.countersigned)
    B2 = signer(this.countersigned)
    B3 = signer(this.countersigned)
    countersigned = flow.Join().Next(this.vote)
    vote = flow.Split().Always(this.C1).Always(this.C2).Always(this.C3)
    C1 = signer(this.voted)
    C2 = signer(this.voted)
    C3 = signer(this.voted)
    voted = flow.Join(continue_on_condition=two_done).Next(this.D)
    D = signer(this.end)
    end = flow.End()


def start() -> int:
    """A process at its first signer."""
    process: SignersProcess = SignersFlow.start.run()
    return int(process.pk)


def run(world: World, process: int) -> list[float]:
    """Seconds of each signer's turn: find the task, lock its process, take it, complete it."""
    times = []
    for name in STEPS:
        began = time.perf_counter()
        task = FlowTask.objects.get(
            process=process, flow_task=getattr(SignersFlow, name), status="NEW"
        )
        with task.activation() as activation:
            activation.assign(world.people[name])
            activation.start(None)
            activation.execute()
        times.append(time.perf_counter() - began)
    assert SignersProcess.objects.get(pk=process).status == "DONE"
    return times
