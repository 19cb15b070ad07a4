#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""contrib/slurm under a real Slurm: without it, the job that we ship might not run at all, shards
might scan the same targets or leave some out, and nobody would notice before a cluster did.

      client [v1 10.1.0.1] ------- [10.1.0.2 v1] server, which is all of 10.99.0.0/25 too
      munged, slurmctld, slurmd and the tasks of the array run in the client's namespace

The jobs are those of a user who is not root, and the program has a file capability, as README says.
"""
import os
import shutil
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
import shards  # noqa: E402
import slurm  # noqa: E402
from children import binary, sh  # noqa: E402
from lab import ok  # noqa: E402

SCRIPT = shards.contrib("slurm/scan-array.sbatch")
ARRAY = f"1-{shards.COUNT}"


def names(results):
    return [f"{results}/shard-{i}.ndjson" for i in range(1, shards.COUNT + 1)]


def outputs(directory):
    """What the tasks printed, for a test that failed."""
    text = ""
    for name in sorted(os.listdir(directory)):
        if name.startswith("slurm-"):
            with open(os.path.join(directory, name), encoding="utf-8", errors="replace") as file:
                text += f"{name}: {file.read()[-600:]}\n"
    return text


def install(net):
    """A directory of the user's, and beside it the program as a node has it: (work, program)."""
    work, program = os.path.join(net.dir, "work"), os.path.join(net.dir, "shakedown")
    os.mkdir(work)
    os.chown(work, slurm.USER, slurm.USER)
    shutil.copy(binary("SHAKEDOWN", "./src/shakedown")[-1], program)
    os.chmod(program, 0o755)
    sh(["setcap", "cap_net_raw=ep", program])
    return work, program


def variables(program, results, **more):
    return {"SHAKEDOWN": program, "RESULTS": results, "TARGETS": shards.PREFIX,
            "PORTS": shards.PORTS, "RATE": 4000, **more}


def check_array(cluster, expected, work, program):
    """The array, and the merge that waits for it, as README has them."""
    results, merged = work + "/results", work + "/scan.ndjson"
    job = cluster.sbatch([f"--chdir={work}", f"--array={ARRAY}", SCRIPT],
                         variables(program, results))
    merge = cluster.sbatch([f"--chdir={work}", f"--dependency=afterany:{job}",
                            f"--wrap={program} merge -o {merged} {results}/shard-*.ndjson"])
    ok(cluster.wait_until_done(30), "the array and the job after it come to their end",
       lambda: cluster.left() + cluster.logs())
    ok(cluster.states(job) == ["COMPLETED 0:0"] * shards.COUNT, "every task has succeeded",
       lambda: "\n".join(cluster.states(job)) + outputs(work))
    ok(cluster.states(merge) == ["COMPLETED 0:0"], "and so has the merge",
       lambda: "\n".join(cluster.states(merge)) + outputs(work))
    shards.check(merged, expected, names(results))
    seeds = {shards.of_type(shards.read(path), "run").get("seed") for path in names(results)}
    ok(seeds == {job}, "the array's number is the seed of all", sorted(map(str, seeds)))
    rates = [shards.of_type(shards.read(path), "run").get("rate") for path in names(results)]
    ok(rates == [1000] * shards.COUNT, "RATE is shared out among the shards", rates)
    return job


def check_indices(cluster, expected, work, program):
    """Indices that do not begin at 1, or have a step, are shards all the same; a list of them is
    refused by each task, before anything is sent."""
    last = 2 * (shards.COUNT - 1)
    steps, listed = work + "/steps", work + "/listed"
    cluster.sbatch([f"--chdir={work}", f"--array=0-{last}:2", SCRIPT], variables(program, steps))
    job = cluster.sbatch([f"--chdir={work}", "--array=1,3,7", SCRIPT], variables(program, listed))
    cluster.wait_until_done(30)
    paths = [f"{steps}/shard-{i}.ndjson" for i in range(0, last + 1, 2)]
    run = shards.merge(cluster.ns, paths, steps + "/merged.ndjson")
    ok(run.returncode == 0 and shards.findings(shards.read(steps + "/merged.ndjson")) == expected,
       f"--array=0-{last}:2 is the whole", lambda: [run.stderr, outputs(work)])
    ok(cluster.states(job) == ["FAILED 2:0"] * 3 and not os.listdir(listed) and
       "no regular row: 3 of them, from 1 to 7 in steps of 1" in outputs(work),
       "--array=1,3,7 is refused by each of its tasks",
       lambda: [cluster.states(job), os.listdir(listed), outputs(work)])


def check_again(cluster, expected, work, program, seed):
    """One shard is lost, and repeated alone."""
    results = work + "/results"
    lost = names(results)[-1]
    os.unlink(lost)
    shards.check_one_missing(cluster.ns, names(results), results)
    cluster.sbatch([f"--chdir={work}", f"--array={shards.COUNT}", SCRIPT],
                   variables(program, results, SHARD=f"{shards.COUNT}/{shards.COUNT}", SEED=seed))
    cluster.wait_until_done(20)
    shards.merge(cluster.ns, names(results), results + "/again.ndjson")
    ok(shards.findings(shards.read(results + "/again.ndjson")) == expected,
       "a shard that was lost can be repeated alone", lambda: outputs(work))


def check_term(cluster, work, program):
    """SIGTERM to the batch step, as it comes a minute before the time limit (--signal=B:TERM)."""
    results = work + "/ended"
    job = cluster.sbatch([f"--chdir={work}", "--array=1-2", SCRIPT],
                         variables(program, results, RATE=20, OPTIONS="--quiet"))
    paths = names(results)[:2]
    # The first results are there: the signals are taken by then.
    lab.wait_for(lambda: all(shards.findings(shards.read(path)) for path in paths), 15, 0.1)
    cluster.run(["scancel", "--batch", "--signal=TERM", job])
    cluster.wait_until_done(20)
    ends = [shards.of_type(shards.read(path), "summary") for path in paths]
    ok(all(end.get("interrupted") is True and end.get("complete") is False for end in ends),
       "on SIGTERM a task ends in order, with its summary", lambda: [ends, outputs(work)])
    run = shards.merge(cluster.ns, paths, results + "/merged.ndjson")
    ok(run.returncode == 1 and "is incomplete" in run.stderr and
       shards.findings(shards.read(results + "/merged.ndjson")),
       "and a merge keeps what there is, and says what it lacks", run.stderr)


def check_refusals(client, work, program):
    """What the script refuses before it sends anything."""
    task = {"SLURM_ARRAY_TASK_ID": 3, "SLURM_ARRAY_TASK_COUNT": 1, "SLURM_ARRAY_JOB_ID": 9}
    all_of_it = {**variables(program, work + "/refused", OPTIONS="--dry-run"), **task}
    for changes, word in (({}, "SHARD=I/N"), ({"TARGETS": ""}, "TARGETS"),
                          ({"SHARD": "3/4"}, "SEED"), ({"SHARD": "2/4", "SEED": 1}, "--array=2"),
                          ({"SLURM_ARRAY_TASK_COUNT": 4, "RATE": "4k"}, "whole numbers"),
                          ({"SLURM_ARRAY_TASK_COUNT": 4, "RATE": 3}, "less than one"),
                          ({"SLURM_ARRAY_TASK_ID": ""}, "job array")):
        words = [f"{name}={value}" for name, value in {**all_of_it, **changes}.items()]
        run = client.run(["env", *words, "sh", SCRIPT])
        ok(run.returncode == 2 and word in run.stderr, f"refused: {changes or 'one task'}",
           [run.returncode, run.stderr])


def main():
    lab.enter(120)
    reason = slurm.missing()
    if reason:
        lab.skip_all(reason)
    with lab.Lab() as net:
        client, _ = shards.network(net)
        work, program = install(net)
        expected = shards.whole(client)
        check_refusals(client, work, program)
        cluster = slurm.Cluster(client, shards.COUNT)
        if ok(cluster.ready, "a cluster of one node is ready", cluster.logs):
            job = check_array(cluster, expected, work, program)
            check_again(cluster, expected, work, program, job)
            check_indices(cluster, expected, work, program)
            check_term(cluster, work, program)
    lab.done()


main()
