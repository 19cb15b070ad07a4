#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""contrib/kubernetes, played without a cluster: without it, the Job that we ship might name an
option that is not there, need more than CAP_NET_RAW, or leave targets out.

What the manifests say is checked for what an indexed Job needs; then the container's command runs
once for each index, as its security context says, in a namespace of the lab:

      client [v1 10.1.0.1] ------- [10.1.0.2 v1] server, which is all of 10.99.0.0/25 too

That an API server takes the manifests is not shown by this.
"""
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import lab  # noqa: E402
import shards  # noqa: E402
from children import binary  # noqa: E402
from lab import ok  # noqa: E402

# What a pod's root may do when all is dropped and NET_RAW added, and nothing can be gained.
CONFINED = ["setpriv", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all,+net_raw"]
NO_CAPABILITY = ["setpriv", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]


def load(name):
    """The documents of a manifest, by kind."""
    import yaml  # pylint: disable=import-outside-toplevel # main() has asked for it
    with open(shards.contrib("kubernetes/" + name), encoding="utf-8") as file:
        return {document["kind"]: document for document in yaml.safe_load_all(file)}


def pod(job):
    return job["spec"]["template"]["spec"]


def container(job):
    return pod(job)["containers"][0]


def variables(job):
    return {entry["name"]: entry["value"] for entry in container(job).get("env", [])}


def check_job(job):
    """The parts that make it an indexed Job, and shards of it."""
    spec, env = job["spec"], variables(job)
    ok(job["apiVersion"] == "batch/v1" and spec["completionMode"] == "Indexed",
       "it is an indexed Job", job)
    ok(isinstance(spec["completions"], int) and env["SHARDS"] == str(spec["completions"]),
       "it has as many completions as shards", [spec["completions"], env])
    ok(1 <= spec["parallelism"] <= spec["completions"], "and no more pods than that at once")
    ok(all(isinstance(value, str) for value in env.values()) and "SEED" in env,
       "variables are text, and all shards have one seed", env)
    rules = spec["podFailurePolicy"]["rules"]
    ok(pod(job)["restartPolicy"] == "Never" and
       rules[0]["onExitCodes"]["containerName"] == container(job)["name"],
       "a failed pod is judged by its exit status")


def check_common(job, adds):
    """Privileges, resources, the volume."""
    context, name = container(job)["securityContext"], job["metadata"]["name"]
    ok(context["capabilities"] == {"drop": ["ALL"], **adds} and
       context["allowPrivilegeEscalation"] is False and
       context["readOnlyRootFilesystem"] is True and
       not context.get("privileged") and not pod(job).get("hostNetwork"),
       f"{name}: no capability but those needed", context)
    sizes = container(job)["resources"]
    ok(all(re.fullmatch(r"\d+(m|Mi|Gi)?", sizes[kind][what])
           for kind in ("requests", "limits") for what in ("cpu", "memory")),
       f"{name}: resources are asked for and limited", sizes)
    mounts = {mount["name"]: mount["mountPath"] for mount in container(job)["volumeMounts"]}
    volumes = {volume["name"]: volume["persistentVolumeClaim"]["claimName"]
               for volume in pod(job)["volumes"]}
    ok(mounts == {"results": "/results"} and volumes == {"results": "shakedown-results"},
       f"{name}: the volume of the results is there", [mounts, volumes])


def command(job, env, results):
    """The container's command with $(NAME) replaced, as the kubelet does, here at /results."""
    words = container(job)["command"] + container(job).get("args", [])
    expanded = [re.sub(r"\$\((\w+)\)", lambda found: env.get(found[1], found[0]), word)
                for word in words]
    moved = [word.replace("/results/", results + "/") for word in expanded]
    program = binary("SHAKEDOWN", "./src/shakedown")[-1]
    if moved[0] == "sh":
        return ["sh", "-c", moved[2].replace("shakedown", program, 1)]
    return [program] + moved[1:]


def in_the_lab(words):
    """The same options, but our targets, ports and rate."""
    changed = [re.sub(r"^--ports=.*", "--ports=" + shards.PORTS, word) for word in words[:-1]]
    return [re.sub(r"^--rate=.*", "--rate=1000", word) for word in changed] + [shards.PREFIX]


def check_dry(client, job, results):
    """The manifest as it is."""
    env = {**variables(job), "JOB_COMPLETION_INDEX": "2"}
    words = command(job, env, results)
    run = client.run(["env", *[f"{key}={env[key]}" for key in env], *words, "--dry-run"])
    ok(run.returncode == 0 and f"shard 3 of {env['SHARDS']}" in run.stdout,
       "shakedown takes the options as they are, index 2 as shard 3",
       [words, run.stdout, run.stderr])


def check_count(client, job, results):
    """The number of shards is the manifest's to tell: index 0 is shard 1, and N - 1 the last."""
    full = variables(job)
    last = int(full["SHARDS"]) - 1
    for index, changes, status, text in (
            (0, {}, 0, f"shard 1 of {last + 1}"), (last, {}, 0, f"shard {last + 1} of {last + 1}"),
            (last + 1, {}, 2, f"there are only {last + 1} SHARDS"),
            (0, {"SHARDS": None}, 2, "SHARDS is not: the manifest has to set it"),
            (0, {"SHARDS": "all"}, 2, "SHARDS: 'all' is no number")):
        env = {**full, "JOB_COMPLETION_INDEX": str(index), **changes}
        words = [f"{key}={value}" for key, value in env.items() if value is not None]
        run = client.run(["env", *words, *command(job, env, results), "--dry-run"])
        ok(run.returncode == status and text in run.stdout + run.stderr,
           f"index {index}, {changes or 'as it is'}: {text}", [run.stdout, run.stderr])


def check_pods(client, job, merge_job, results):
    """One pod after the other, then the merge."""
    expected = shards.whole(client)
    paths, good = [], True
    for index in range(shards.COUNT):
        env = {**variables(job), "SHARDS": str(shards.COUNT), "JOB_COMPLETION_INDEX": str(index)}
        words = in_the_lab(command(job, env, results))
        run = client.run([*CONFINED, "env", *[f"{key}={env[key]}" for key in env], *words])
        good = good and run.returncode == 0
        paths.append(f"{results}/shard-{index}.ndjson")
    ok(good, "each index scans with CAP_NET_RAW alone", [run.returncode, run.stderr])
    words = command(merge_job, {}, results)
    run = client.run([*NO_CAPABILITY, *words])
    ok(run.returncode == 0, "the merge needs no capability", [words, run.stderr])
    shards.check(results + "/scan.ndjson", expected, paths)


def main():
    lab.enter(120)
    try:
        scan, merge = load("scan-job.yaml"), load("merge-job.yaml")
    except ImportError:
        lab.skip_all("no module yaml: python3-yaml")
    job, merge_job = scan["Job"], merge["Job"]
    claim = scan["PersistentVolumeClaim"]
    check_job(job)
    check_common(job, {"add": ["NET_RAW"]})
    check_common(merge_job, {})
    ok(claim["metadata"]["name"] == "shakedown-results" and
       claim["spec"]["accessModes"] == ["ReadWriteMany"], "the volume is claimed for many nodes")
    ok(container(job)["image"] == container(merge_job)["image"], "both are of one image")
    with lab.Lab() as net:
        client, _ = shards.network(net)
        results = os.path.join(net.dir, "results")
        os.mkdir(results)
        check_dry(client, job, results)
        check_count(client, job, results)
        check_pods(client, job, merge_job, results)
    lab.done()


main()
